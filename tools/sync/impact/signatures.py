# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""How a symbol of the mirror differs between an old tree and a new one.

Whoever uses a symbol sees its existence, its kind, its signature with the
defaults, its base classes, its value when it is a constant, and, of a config
dataclass, the defaults of its fields down to the configs inside of it. What a
function does is not compared here: that is for the evidence and the probe.
`api.py` asks for each symbol that our code uses.
"""

from typing import Iterator, NamedTuple, Sequence

import griffe

from tools.sync.impact import slots
from tools.sync.impact import symbols

_SHORT = 60
_FEW = 3


class Difference(NamedTuple):
  """One thing that changed.

  Attributes:
    symbol: The dotted name, where the old tree defines it.
    kind: What changed, such as `parameter removed`.
    detail: The old and the new, or an empty text.
    breaks: Whether code that worked can fail; else it may do another thing.
    parameter: The parameter or field that it is about, or an empty text.
    place: From which argument on, passed by position, a call is touched. -1
      when it is touched whatever it passes.
  """

  symbol: str
  kind: str
  detail: str
  breaks: bool
  parameter: str = ''
  place: int = -1


def _short(text: object) -> str:
  """Returns a text that is short enough to be read in a list."""
  line = ' '.join(str(text).split())
  return line if len(line) <= _SHORT else f'{line[: _SHORT - 1]}…'


class Comparison:
  """Compares symbols of two trees.

  Attributes:
    old: The old tree.
    new: The new tree.
  """

  def __init__(self, old: symbols.Tree, new: symbols.Tree):
    """Initializes the comparison of two trees."""
    self.old = old
    self.new = new

  def symbol(self, path: str, overridden: bool = False) -> list[Difference]:
    """Compares what a dotted name means.

    Args:
      path: The name.
      overridden: Whether our code overrides it, so that upstream's code calls
        ours: then a new parameter matters even when it has a default.

    Returns:
      What changed. Nothing for a name that the old tree does not have.
    """
    old = self.old.find(path)
    if old is None:
      return []
    new = self.new.find(path)
    if new is None:
      return [self._removed(path)]
    if isinstance(old, symbols.Outside) or isinstance(new, symbols.Outside):
      places = [
          s.path if isinstance(s, symbols.Outside) else 'its own'
          for s in (old, new)
      ]
      if places[0] == places[1]:
        return []
      detail = ' -> '.join(places)
      return [Difference(path, 'kind changed', detail, breaks=True)]
    kinds = [_kind(symbol) for symbol in (old, new)]
    if kinds[0] != kinds[1]:
      detail = ' -> '.join(kinds)
      return [Difference(old.path, 'kind changed', detail, breaks=True)]
    if isinstance(old, griffe.Function):
      return list(self._function(old, new, overridden))
    if isinstance(old, griffe.Class):
      return list(self._class(old, new, set()))
    if isinstance(old, griffe.Attribute):
      return list(self._attribute(old, new))
    return []

  def _removed(self, path: str) -> Difference:
    """Returns the difference of a name of which a part is gone."""
    parts = path.split('.')
    for count in range(1, len(parts) + 1):
      part = '.'.join(parts[:count])
      if self.new.find(part) is None:
        break
    old = self.old.find(part)
    detail = ''
    if not isinstance(old, symbols.Outside):
      kind = _kind(old)
      detail = f'was {"an" if kind[0] in "aeiou" else "a"} {kind}'
    return Difference(part, 'removed', detail, breaks=True)

  def _value(
      self, tree: symbols.Tree, module: griffe.Module, text: object
  ) -> dict[str, str]:
    """Returns an expression and all constants that it is made from.

    Args:
      tree: Where it is from.
      module: Where it is written.
      text: The expression.

    Returns:
      The values by name; that of the expression itself by the empty one. The
      names are without their modules: a constant may move.
    """
    found = {'': str(text)}
    waiting = [(module, text)]
    while waiting:
      where, value = waiting.pop()
      for constant in tree.constants(where, value):
        if constant.path not in found:
          found[constant.path] = str(constant.value)
          waiting.append((constant.module, constant.value))
    return {path.rpartition('.')[2]: value for path, value in found.items()}

  def _values(
      self,
      old: tuple[griffe.Module, object],
      new: tuple[griffe.Module, object],
  ) -> str | None:
    """Compares two expressions.

    Args:
      old: Where it is written, and what.
      new: Likewise.

    Returns:
      How they differ, or None.
    """
    before, after = self._value(self.old, *old), self._value(self.new, *new)
    if before[''] != after['']:
      return _change(before[''], after[''])
    through = sorted(name for name in before if before[name] != after.get(name))
    return f'through {", ".join(through)}' if through else None

  def _attribute(
      self, old: griffe.Attribute, new: griffe.Attribute
  ) -> Iterator[Difference]:
    """Compares constants, fields and properties."""
    if 'property' in old.labels:
      return
    values = [(a.module, slots.default_text(a.value)) for a in (old, new)]
    if (changed := self._values(*values)) is not None:
      field = isinstance(old.parent, griffe.Class)
      kind = 'default changed' if field else 'value changed'
      yield Difference(old.path, kind, changed, breaks=False)

  def _function(
      self, old: griffe.Function, new: griffe.Function, overridden: bool
  ) -> Iterator[Difference]:
    """Compares functions."""
    before, after = slots.parameters(old), slots.parameters(new)
    yield from self._slots(old.path, 'parameter', before, after, overridden)
    types = [slots.type_text(f.returns) for f in (old, new)]
    if all(types) and types[0] != types[1]:
      detail = _change(*types)
      yield Difference(old.path, 'return type changed', detail, breaks=False)

  def _slots(
      self,
      symbol: str,
      word: str,
      old: Sequence[slots.Slot],
      new: Sequence[slots.Slot],
      overridden: bool = False,
  ) -> Iterator[Difference]:
    """Compares parameters, or fields.

    Args:
      symbol: Whose they are.
      word: `parameter` or `field`.
      old: The old ones.
      new: The new ones.
      overridden: See `symbol`.

    Yields:
      What changed.
    """
    before = {slot.name: slot for slot in old}
    after = {slot.name: slot for slot in new}
    removed = [slot for slot in old if slot.name not in after]
    added = [slot for slot in new if slot.name not in before]
    renamed = slots.renames(old, new, removed, added)

    def difference(slot, what, detail, breaks=True):
      place = slots.place(old, slot.name)
      kind = f'{word} {what}'
      return Difference(symbol, kind, detail, breaks, slot.name, place)

    for slot in removed:
      if slot.name in renamed:
        detail = f'{slot.name} -> {renamed[slot.name]}'
        yield difference(slot, 'renamed', detail)
      else:
        swallowed = slots.swallows(new, slot)
        detail = slot.name + (' (**kwargs take it)' if swallowed else '')
        yield difference(slot, 'removed', detail, not swallowed)
    for slot in added:
      required = slot.default is None
      if slot.name not in renamed.values() and (required or overridden):
        detail = slot.name if required else f'{slot.name}={slot.default}'
        yield difference(slot, 'added', detail)
    for slot in old:
      other = after.get(slot.name)
      if other is None:
        continue
      if slot.kind is not other.kind:
        detail = f'{slot.name}: {slot.kind.value} -> {other.kind.value}'
        any_way = griffe.ParameterKind.positional_or_keyword
        yield difference(slot, 'kind changed', detail, other.kind != any_way)
      if other.default is None and slot.default is not None:
        yield difference(slot, 'default removed', slot.name)
      elif slot.default is not None:
        values = [(s.module, s.default) for s in (slot, other)]
        if (changed := self._values(*values)) is not None:
          detail = f'{slot.name}: {changed}'
          yield difference(slot, 'default changed', detail, False)
      if word == 'field' and slot.annotation != other.annotation:
        detail = _change(slot.annotation, other.annotation)
        detail = f'{slot.name}: {detail}'
        yield difference(slot, 'type changed', detail, False)
    orders = slots.orders(old, new, renamed)
    if word == 'parameter' and orders[0] != orders[1]:
      pairs = enumerate(zip(*orders, strict=True))
      first = next(i for i, (one, other) in pairs if one != other)
      detail = ' -> '.join(
          ', '.join(order[first : first + _FEW]) for order in orders
      )
      place = slots.place(old, orders[0][first])
      kind = 'parameters reordered'
      yield Difference(symbol, kind, detail, breaks=True, place=place)

  def _class(
      self, old: griffe.Class, new: griffe.Class, seen: set[str]
  ) -> Iterator[Difference]:
    """Compares classes: bases, and fields or constructor.

    Args:
      old: The old class.
      new: The new class.
      seen: The classes that were compared on the way here; they are added to.

    Yields:
      What changed.
    """
    if old.path in seen:
      return
    seen.add(old.path)
    bases = [
        [base.path.rpartition('.')[2] for base in tree.bases(cls)]
        for tree, cls in ((self.old, old), (self.new, new))
    ]
    if bases[0] != bases[1]:
      detail = ' -> '.join(f'({", ".join(names)})' for names in bases)
      lost = not set(bases[0]) <= set(bases[1])
      yield Difference(old.path, 'base classes changed', detail, lost)
    fields = self.old.fields(old)
    if fields:
      before, after = slots.fields(self.old, old), slots.fields(self.new, new)
      yield from self._named_fields(old, before, after)
      for name, field in fields.items():
        inner = self.old.annotated(field.module, field.annotation)
        other = self.new.fields(new).get(name)
        if inner and other:
          other = self.new.annotated(other.module, other.annotation)
          if other and self.old.fields(inner):
            for found in self._class(inner, other, seen):
              # Who passes nothing by name may pass a mapping.
              yield found._replace(parameter='', place=-1)
      return
    constructors = [
        tree.member(cls, '__init__')
        for tree, cls in ((self.old, old), (self.new, new))
    ]
    if all(isinstance(c, griffe.Function) for c in constructors):
      before, after = map(slots.parameters, constructors)
      symbol = constructors[0].path
      yield from self._slots(symbol, 'parameter', before, after)

  def _named_fields(
      self,
      old: griffe.Class,
      before: Sequence[slots.Slot],
      after: Sequence[slots.Slot],
  ) -> Iterator[Difference]:
    """Compares fields, each under the name of the class that declares it."""
    owners = {name: field.path for name, field in self.old.fields(old).items()}
    for found in self._slots(old.path, 'field', before, after):
      symbol = owners.get(found.parameter, found.symbol)
      kind = found.kind
      if kind == 'field default changed':
        # As when the field is used by name.
        detail = found.detail.removeprefix(f'{found.parameter}: ')
        found = found._replace(kind='default changed', detail=detail)
      yield found._replace(symbol=symbol)


def _kind(symbol: symbols.Symbol) -> str:
  """Returns what a symbol is, in a word."""
  if isinstance(symbol, griffe.Attribute):
    if 'property' in symbol.labels:
      return 'property'
    return 'attribute' if isinstance(symbol.parent, griffe.Class) else 'value'
  if isinstance(symbol, griffe.Function) and isinstance(
      symbol.parent, griffe.Class
  ):
    return 'method'
  return symbol.kind.value


def _change(old: str, new: str) -> str:
  """Returns an old and a new text, from where they begin to differ."""
  if max(len(old), len(new)) <= _SHORT:
    return f'{old} -> {new}'
  same = next(
      (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
      min(len(old), len(new)),
  )
  start = max(0, same - 15)
  dots = '…' if start else ''
  return f'{dots}{_short(old[start:])} -> {dots}{_short(new[start:])}'
