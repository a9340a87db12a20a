"""Small mistakes, as rewrites of one node of a syntax tree: what people do who nearly know.

``rewrites(node, parent)`` yields the nodes that could stand in place of ``node``; ``mutants.py`` puts them there. Each
rule is one kind of mistake: a sign, an operator, a limit, an index, an axis, a scale, an argument that is ignored.
Rules that would only make work are left out (a + b as b + a, the text of an error message).
"""

import ast
from collections.abc import Iterator

OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COPIES = {"detach", "clone", "copy", "deepcopy", "requires_grad_"}
CONTEXTS = {"no_grad", "enable_grad", "inference_mode"}
REDUCTIONS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax"}
REDUCTIONS |= {"amax": "amin", "amin": "amax", "any": "all", "all": "any", "ceil": "floor", "floor": "ceil"}
REDUCTIONS |= {"zeros_like": "ones_like", "ones_like": "zeros_like", "zeros": "ones", "ones": "zeros"}
MAPS = {"abs", "sqrt", "square", "exp", "log", "log1p", "expm1", "log10", "log2", "tanh", "sigmoid", "relu", "softmax"}
MAPS |= {"log_softmax", "sign", "norm", "sum", "mean", "reversed", "sorted", "ceil", "floor", "round", "flip", "cumsum"}
SYMMETRIC = {"max", "min", "maximum", "minimum", "add", "mul", "dot", "inner", "allclose", "isclose", "hypot"}
STATEMENTS = (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise, ast.Return, ast.Break, ast.Continue, ast.Delete)
REPORTED = (ast.Assign, ast.Return, ast.Tuple, ast.List)
NEUTRAL_KEYWORDS = {"strict", "device"}


def rewrites(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """Yield what could stand in place of an expression or a statement; nothing for a node that no rule knows."""
    rule = RULES.get(type(node))
    if rule is not None:
        yield from rule(node, parent)
    if isinstance(node, STATEMENTS) and not _is_print(node):
        yield ast.copy_location(ast.Pass(), node)


def _binary(node: ast.BinOp, parent):
    for operator in OPERATORS.get(type(node.op), ()):
        yield ast.BinOp(node.left, operator(), node.right)
    if isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)
    if not isinstance(node.op, ast.Mod) or not _is_text(node.left):
        yield node.left
    if isinstance(node.op, (ast.Add, ast.Mult, ast.MatMult)):
        yield node.right
    if isinstance(node.op, ast.Sub):
        yield ast.UnaryOp(ast.USub(), node.right)


def _augmented(node: ast.AugAssign, parent):
    for operator in OPERATORS.get(type(node.op), ()):
        yield ast.copy_location(ast.AugAssign(node.target, operator(), node.value), node)
    yield ast.copy_location(ast.Assign([node.target], node.value), node)


def _unary(node: ast.UnaryOp, parent):
    if isinstance(node.op, (ast.USub, ast.Not)):
        yield node.operand
    if isinstance(node.op, ast.USub) and _is_number(node.operand) and isinstance(node.operand.value, int):
        value = -node.operand.value
        yield from (_number(changed) for changed in (value + 1, value - 1))


def _compare(node: ast.Compare, parent):
    for position, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield ast.Compare(node.left, [*node.ops[:position], other(), *node.ops[position + 1 :]], node.comparators)


def _boolean(node: ast.BoolOp, parent):
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _constant(node: ast.Constant, parent):
    value = node.value
    if isinstance(parent, ast.keyword) and parent.arg in NEUTRAL_KEYWORDS:
        return
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int) and not (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub)):
        yield from (_number(changed) for changed in (value + 1, value - 1))
    elif isinstance(value, float):
        yield from (_number(changed) for changed in _other_floats(value, reported=isinstance(parent, REPORTED)))
    elif isinstance(value, str) and isinstance(parent, (ast.Assign, ast.AnnAssign, ast.Return)):
        yield from (ast.Constant(changed) for changed in _other_choices(value))


def _other_floats(value: float, reported: bool) -> tuple[float, ...]:
    if value == 0:
        return (1.0,)
    if reported:
        return (2 * value, value / 2)
    # A small constant in a formula guards against a division by zero; twice as much guards as well.
    return (2 * value if abs(value) >= 1e-3 else 1000 * value,)


def _other_choices(value: str) -> list[str]:
    """Of a multiple choice: every other letter, or one letter more or less. Of any other text: none of it."""
    letters = "ABCDEFGHI" if value.isupper() else "abcdef"
    if len(value) == 1:
        return [letter for letter in letters if letter != value]
    if not value.isupper():
        return [""]
    fewer = [value[:position] + value[position + 1 :] for position in range(len(value))]
    return fewer + ["".join(sorted(value + letter)) for letter in letters if letter not in value]


def _value(node: ast.Assign, parent):
    if not isinstance(parent, ast.Module) or not all(isinstance(target, ast.Name) for target in node.targets):
        return
    # Of an expression the type is not known: 1 might be accepted for True, and rightly so.
    for value in (0, 1, -1, None) if _is_number(node.value) else (-1, None):
        yield ast.copy_location(ast.Assign(node.targets, _number(value)), node)


def _set(node: ast.Set, parent):
    for position in range(len(node.elts) if len(node.elts) > 1 else 0):
        yield ast.Set(node.elts[:position] + node.elts[position + 1 :])


def _sequence(node, parent):
    if isinstance(getattr(node, "ctx", None), ast.Store) or isinstance(parent, ast.Subscript):
        return
    if len(node.elts) == 2 or (len(node.elts) > 2 and isinstance(parent, (ast.Assign, ast.Return))):
        yield type(node)([*node.elts[1::-1], *node.elts[2:]], node.ctx)
    if len(node.elts) > 1 and isinstance(parent, ast.Assign):
        yield type(node)(node.elts[:-1], node.ctx)


def _slice(node: ast.Slice, parent):
    if node.lower is None:
        yield ast.Slice(ast.Constant(1), node.upper, node.step)
    elif not _is_number(node.lower):
        yield ast.Slice(_plus(node.lower, 1), node.upper, node.step)
    if node.upper is None:
        yield ast.Slice(node.lower, _number(-1), node.step)
    elif not _is_number(node.upper):
        yield ast.Slice(node.lower, _plus(node.upper, -1), node.step)


def _call(node: ast.Call, parent):
    name = _called(node)
    first = node.args[0] if node.args else None
    subject = node.func.value if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value) else first
    if name == "range":
        stop = min(len(node.args) - 1, 1)
        for step in (1, -1):
            if not _is_number(node.args[stop]):
                yield _replace_argument(node, stop, _plus(node.args[stop], step))
        if len(node.args) > 1 and not _is_number(first):
            yield _replace_argument(node, 0, _plus(first, 1))
    if name in COPIES | MAPS and subject is not None:
        yield subject
    if name in REDUCTIONS:
        yield ast.Call(_renamed(node.func, REDUCTIONS[name]), node.args, node.keywords)
    if name not in SYMMETRIC:
        for position in range(len(node.args) - 1):
            swapped = list(node.args)
            swapped[position : position + 2] = swapped[position + 1], swapped[position]
            yield ast.Call(node.func, swapped, node.keywords)
    for position, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in NEUTRAL_KEYWORDS:
            yield ast.Call(node.func, node.args, node.keywords[:position] + node.keywords[position + 1 :])


def _condition(node, parent):
    if not isinstance(node.test, (ast.Compare, ast.UnaryOp, ast.Constant)):
        negated = ast.UnaryOp(ast.Not(), node.test)
        if isinstance(node, ast.IfExp):
            yield ast.IfExp(negated, node.body, node.orelse)
        else:
            yield ast.copy_location(type(node)(negated, node.body, node.orelse), node)
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)


def _with(node: ast.With, parent):
    names = [_called(item.context_expr) for item in node.items if isinstance(item.context_expr, ast.Call)]
    if len(names) == len(node.items) and set(names) <= CONTEXTS:
        yield ast.copy_location(ast.If(ast.Constant(True), node.body, []), node)


def _function(node: ast.FunctionDef, parent):
    for position, decorator in enumerate(node.decorator_list):
        name = _called(decorator) if isinstance(decorator, ast.Call) else getattr(decorator, "attr", "")
        if name in CONTEXTS:
            kept = node.decorator_list[:position] + node.decorator_list[position + 1 :]
            changed = ast.FunctionDef(node.name, node.args, node.body, kept, node.returns, node.type_comment)
            yield ast.copy_location(changed, node)


RULES = {
    ast.BinOp: _binary,
    ast.AugAssign: _augmented,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.Constant: _constant,
    ast.Assign: _value,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Set: _set,
    ast.Slice: _slice,
    ast.Call: _call,
    ast.If: _condition,
    ast.While: _condition,
    ast.IfExp: _condition,
    ast.With: _with,
    ast.FunctionDef: _function,
}


def _number(value) -> ast.expr:
    if isinstance(value, (int, float)) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _plus(node: ast.expr, step: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if step > 0 else ast.Sub(), ast.Constant(abs(step)))


def _is_number(node) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)


def _is_text(node) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_module(node) -> bool:
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in {"torch", "np", "numpy", "math", "F", "nn", "copy"}


def _is_print(node) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _called(node.value) == "print"


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _renamed(func, name):
    return ast.Attribute(func.value, name, func.ctx) if isinstance(func, ast.Attribute) else ast.Name(name, ast.Load())


def _replace_argument(node: ast.Call, position: int, argument) -> ast.Call:
    return ast.Call(node.func, [*node.args[:position], argument, *node.args[position + 1 :]], node.keywords)
