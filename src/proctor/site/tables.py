"""A table for the pages that directives write."""

from docutils import nodes


def table(head: list[str], rows: list[list[str]], widths: tuple[int, ...], *classes: str) -> nodes.table:
    """A table of plain texts.

    Args:
        head: names of the columns.
        rows: the texts, as many in each row as in the head.
        widths: of the columns, in percent.
        classes: for the style sheet.
    """
    whole, group = nodes.table(classes=list(classes)), nodes.tgroup(cols=len(head))
    whole += group
    group += [nodes.colspec(colwidth=width) for width in widths]
    top, body = nodes.thead(), nodes.tbody()
    top += _row(head)
    body += [_row(texts) for texts in rows]
    group += [top, body]
    return whole


def _row(texts: list[str]) -> nodes.row:
    row = nodes.row()
    row += [nodes.entry("", nodes.paragraph("", text)) for text in texts]
    return row
