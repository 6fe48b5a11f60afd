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

"""The catalogue of deliberate faults, and of changes that are none.

`catalogue.yaml` has the faults that the convergence tests are tried on,
`controls.yaml` changes that matter to nothing and must stay unseen. `inject.py`
puts them in their place, those or files of whoever calls it.
"""

import dataclasses
import itertools
import pathlib
from typing import Any, Sequence

import yaml

from tfmot_contrib import errors
from tfmot_contrib.convergence import schema

_HERE = pathlib.Path(__file__).parent
_SCHEMA = _HERE / 'catalogue_schema.json'
OURS = (_HERE / 'catalogue.yaml', _HERE / 'controls.yaml')


@dataclasses.dataclass(frozen=True)
class Fault:
  """A deliberate fault, or an honest control.

  Attributes:
    id: Its name.
    what: What goes wrong.
    tests: The names of the tests that should see it.
    file: Below TFMOT's core, or of the project; nothing for no change.
    old: What is replaced.
    new: By what.
    after: Behind which text.
    of: `tfmot` or `project`.
    control: Whether it is an honest control, which no test should see.
    kinds: The kinds of claims that it breaks, each a right one to see it;
      none for a control.
    seed: Of the runs.
  """

  id: str
  what: str
  tests: tuple[str, ...]
  kinds: tuple[str, ...] = ()
  file: str = ''
  old: str = ''
  new: str = ''
  after: str = ''
  of: str = 'tfmot'
  control: bool = False
  seed: int = 1

  def apply(self, text: str) -> str:
    """Returns the file with the fault.

    Args:
      text: Of the file.

    Returns:
      The changed text.

    Raises:
      errors.InputError: There is nothing to replace.
    """
    start = text.find(self.after)
    place = text.find(self.old, max(start, 0))
    if start < 0 or place < 0:
      raise errors.InputError(
          f'{self.file} does not have what the fault {self.id} replaces: mend'
          ' it in its catalogue'
      )
    return text[:place] + self.new + text[place + len(self.old) :]


def _faults(entry: dict[str, Any]) -> list[Fault]:
  """Returns the faults of an entry: with seeds one for each test and seed."""
  seeds = entry.pop('seeds', None)
  whole = Fault(
      **{k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
  )
  if seeds is None:
    return [whole]
  return [
      dataclasses.replace(
          whole, id=f'{whole.id}_{seed}_{test}', tests=(test,), seed=seed
      )
      for test, seed in itertools.product(whole.tests, seeds)
  ]


def _entries(path: pathlib.Path) -> list[dict[str, Any]]:
  """Returns what stands in a file of faults."""
  try:
    entries = yaml.safe_load(path.read_text(encoding='utf-8'))
  except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
    raise errors.InputError(
        f'{path} is no YAML file: {errors.one_line(error)}'
    ) from error
  if breach := schema.breach(entries, _SCHEMA):
    raise errors.InputError(f'{path}: {breach}')
  return entries


def read(paths: Sequence[pathlib.Path] = OURS) -> list[Fault]:
  """Reads faults and controls.

  Args:
    paths: The YAML files.

  Returns:
    The faults, in their order.

  Raises:
    errors.InputError: A file breaks its schema, or a fault is there twice.
  """
  entries = [entry for path in paths for entry in _entries(path)]
  faults = [fault for entry in entries for fault in _faults(entry)]
  names = [fault.id for fault in faults]
  if twice := {name for name in names if names.count(name) > 1}:
    raise errors.InputError(f'{paths[0]}: {twice.pop()} is there twice')
  return faults
