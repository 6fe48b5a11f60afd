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

"""What can be passed to a function or a dataclass, and how it differs.

`signatures.py` compares the parameters of functions and the fields of
dataclasses as slots.
"""

import ast
import re
from typing import NamedTuple, Sequence

import griffe

from tools.sync.impact import symbols

# The place of what cannot be passed by position.
NAMED_ONLY = 10_000

_STARS = {
    griffe.ParameterKind.var_positional: '*',
    griffe.ParameterKind.var_keyword: '**',
}
_POSITIONAL = (
    griffe.ParameterKind.positional_only,
    griffe.ParameterKind.positional_or_keyword,
)


class Slot(NamedTuple):
  """A parameter of a function, or a field of a dataclass.

  Attributes:
    name: With its stars.
    kind: How it is passed.
    default: As it is written, or None when it is required.
    annotation: Its type in one spelling.
    module: Where it is written.
  """

  name: str
  kind: griffe.ParameterKind
  default: str | None
  annotation: str
  module: griffe.Module


def swallows(slots: Sequence[Slot], gone: Slot) -> bool:
  """Tells whether `**kwargs` takes what a slot took that is gone."""
  kinds = {slot.kind for slot in slots}
  by_name = griffe.ParameterKind.var_keyword in kinds
  by_place = griffe.ParameterKind.var_positional in kinds
  return by_name and (by_place or gone.kind not in _POSITIONAL)


def place(slots: Sequence[Slot], name: str) -> int:
  """Returns the place of a slot among the arguments of a call by position.

  Args:
    slots: All slots.
    name: Of the one.

  Returns:
    From 0, and `self` does not count; a large number for one that is passed by
    name only.
  """
  names = [slot.name for slot in slots if slot.kind in _POSITIONAL]
  if names[:1] in (['self'], ['cls']):
    del names[0]
  return names.index(name) if name in names else NAMED_ONLY


def type_text(annotation: object) -> str:
  """Returns an annotation in one of the spellings that mean the same."""
  text = re.sub(r'\b(?:typing\.|t\.)', '', str(annotation or ''))
  text = re.sub(r'\b(List|Dict|Tuple|Set|Type)\b', lambda m: m[0].lower(), text)
  node = symbols.parse(text) if text else None
  if isinstance(node, ast.Subscript):
    if symbols.dotted(node.value) == 'Optional':
      return f'{ast.unparse(node.slice)} | None'
  return text


def default_text(value: object) -> str | None:
  """Returns the default of a field, without `dataclasses.field`."""
  if value is None:
    return None
  node = symbols.parse(value)
  if isinstance(node, ast.Call):
    if (symbols.dotted(node.func) or '').rpartition('.')[2] == 'field':
      for keyword in node.keywords:
        match keyword.arg, keyword.value:
          case 'default', given:
            return ast.unparse(given)
          case 'default_factory', ast.Lambda(body=body):
            return ast.unparse(body)
          case 'default_factory', factory:
            return f'{ast.unparse(factory)}()'
      return None
  return str(value)


def parameters(function: griffe.Function) -> list[Slot]:
  """Returns the parameters of a function."""
  return [
      Slot(
          name=_STARS.get(parameter.kind, '') + parameter.name,
          kind=parameter.kind,
          default=None if parameter.required else str(parameter.default),
          annotation=type_text(parameter.annotation),
          module=function.module,
      )
      for parameter in function.parameters
  ]


def fields(tree: symbols.Tree, cls: griffe.Class) -> list[Slot]:
  """Returns the fields of a dataclass."""
  return [
      Slot(
          name=name,
          kind=griffe.ParameterKind.positional_or_keyword,
          default=default_text(field.value),
          annotation=type_text(field.annotation),
          module=field.module,
      )
      for name, field in tree.fields(cls).items()
  ]


def renames(
    old: Sequence[Slot],
    new: Sequence[Slot],
    removed: Sequence[Slot],
    added: Sequence[Slot],
) -> dict[str, str]:
  """Returns which of the removed slots have only another name now.

  Args:
    old: All old slots.
    new: All new ones.
    removed: The old ones whose name is gone.
    added: The new ones whose name is new.

  Returns:
    The new names by the old ones. A slot is the same when its kind, default
    and type are, and, where the place matters, its place.
  """
  found: dict[str, str] = {}
  for slot in removed:
    for other in added:
      same = slot[1:4] == other[1:4] and other.name not in found.values()
      placed = slot.kind not in _POSITIONAL or (
          old.index(slot) == new.index(other)
      )
      if same and placed:
        found[slot.name] = other.name
        break
  return found


def orders(
    old: Sequence[Slot], new: Sequence[Slot], renamed: dict[str, str]
) -> tuple[list[str], list[str]]:
  """Returns the order of what can be passed by position, in both.

  Args:
    old: The old slots.
    new: The new slots.
    renamed: The new names by the old ones.

  Returns:
    The names that both have, and as many of the new ones: equal when a call by
    position still means the same.
  """
  after = [slot.name for slot in new if slot.kind in _POSITIONAL]
  before = [
      renamed.get(slot.name, slot.name)
      for slot in old
      if slot.kind in _POSITIONAL
  ]
  both = [name for name in before if name in after]
  return both, after[: len(both)]
