// Scales, axes and curves that the pictures share. Places stand on the same pixels in each.

import { svg } from "../explorable/elements.mjs";

export const [LEFT, RIGHT] = [46, 12]; // pixels beside the plot

/** A number with a true minus sign; small ones by their power of ten. */
export function number(value, digits = 3) {
  if (Math.abs(value) < 1e-12) return "0";
  const text = Math.abs(value) >= 10 ** -digits ? value.toFixed(digits) : value.toExponential(0);
  return text.replaceAll("-", "−");
}

/** From places to pixels and back, in a picture of a width. */
export function across(width, [low, high]) {
  const scale = (width - LEFT - RIGHT) / (high - low);
  return { to: (x) => LEFT + scale * (x - low), from: (pixel) => low + (pixel - LEFT) / scale };
}

/** Places to draw a curve at: about every third pixel. */
export function places(width, [low, high]) {
  const count = Math.max(120, Math.round(width / 3));
  return Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);
}

/** A path through pixels `[x, y]`. */
export const path = (points) => "M" + points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");

/** Levels `[pixel, text]` across a picture of a width. */
export const levels = (width, all) =>
  all.flatMap(([y, text]) => [
    svg("path", { d: `M${LEFT} ${y.toFixed(1)}H${width - RIGHT}` }),
    svg("text", { x: LEFT - 6, y: (y + 4).toFixed(1), "text-anchor": "end" }, text),
  ]);
