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

"""Plants mistakes in a copy of this project and sees whether each is found.

    tools/nox -s lint_check

The copy is clean before. The mistakes are those of `rules.yaml`: for every rule
two or more, and some for every tool; of what is planted at the same time, no
two touch the same file. Exit code 1 says that one was not found, that a good
example was, or that the copy was not clean.
"""

import json
import pathlib
import shutil
import sys
import tempfile
import time
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.env import bootstrap
from tools.lint import lint
from tools.lint import tree

# What another fault may hide, as one stops them.
_ALONE = ('line-endings', 'results-evidence', 'unique-experiment')


class Example(NamedTuple):
  """A change of the project.

  Attributes:
    rule: The rule, or the code of a tool.
    bad: Whether the rule has to find it in the first file.
    edits: By path, what to do: see `rules.yaml`.
  """

  rule: str
  bad: bool
  edits: Mapping[str, Any]

  @property
  def place(self) -> str:
    """The first file."""
    return next(iter(self.edits))


def examples() -> Iterator[Example]:
  """Yields all examples of `rules.yaml`, each with a name of its own.

  Yields:
    The examples; where they say `planted`, a number follows.
  """
  described = lint.described()
  every = [
      (name, part == 'bad', edits)
      for name, rule in described['rules'].items()
      for part in ('bad', 'good')
      for edits in rule[part]
  ]
  for name, bad in described['tools'].items():
    every += [(name, True, edits) for edits in bad]
  for number, (name, bad, edits) in enumerate(every):
    text = json.dumps(edits).replace('planted', f'planted_{number}')
    yield Example(name, bad, json.loads(text))


def rounds(some: Sequence[Example]) -> list[list[Example]]:
  """Divides examples into rounds in which none is in the way of another."""
  alone = [[example] for example in some if example.rule in _ALONE]
  made: list[list[Example]] = []
  for example in some:
    if example.rule not in _ALONE:
      for chosen in made:
        if all(example.edits.keys().isdisjoint(e.edits) for e in chosen):
          break
      else:
        made.append(chosen := [])
      chosen.append(example)
  return made + alone


def plant(
    root: pathlib.Path, edits: Mapping[str, Any]
) -> dict[str, bytes | None]:
  """Makes changes.

  Args:
    root: The folder of the project.
    edits: By path, what to do.

  Returns:
    What the files were before, None for those that are new.

  Raises:
    errors.InputError: A file does not have what is to be replaced.
  """
  before: dict[str, bytes | None] = {}
  for path, edit in edits.items():
    place = root / path
    old = before[path] = place.read_bytes() if place.exists() else None
    if edit == 'leave':
      continue
    if edit == 'delete':
      place.unlink()
      continue
    text = (old or b'').decode()
    if isinstance(edit, str):
      text = edit
    elif 'append' in edit:
      text += edit['append'] * edit.get('times', 1)
    elif edit['replace'] in text:
      text = text.replace(edit['replace'], edit['with'])
    else:
      raise errors.InputError(
          f'{path} has no {edit["replace"]!r} any more: mend rules.yaml'
      )
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding='utf-8')
  return before


def restore(root: pathlib.Path, before: Mapping[str, bytes | None]) -> None:
  """Undoes changes."""
  for path, data in before.items():
    if data is None:
      (root / path).unlink(missing_ok=True)
    else:
      (root / path).write_bytes(data)


def copy(root: pathlib.Path, to: pathlib.Path) -> None:
  """Copies the files of a project, and makes a repository of them."""
  for path in tree.list_files(root):
    (to / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / path, to / path)
  git.run(to, 'init', '-q', what='making a repository of the copy')


def _find(root: pathlib.Path) -> list[tree.Finding]:
  """Returns what the lint finds in a project."""
  return lint.find(tree.Project(root, tree.list_files(root)))


def try_out(root: pathlib.Path, some: Sequence[Example]) -> list[Example]:
  """Plants examples, all at once, and returns those with a wrong answer."""
  edits = {path: e for example in some for path, e in example.edits.items()}
  before = plant(root, edits)
  found = {(finding.rule, finding.path) for finding in _find(root)}
  restore(root, before)
  return [e for e in some if ((e.rule, e.place) in found) != e.bad]


@errors.exits_with_one_line
def main() -> int:
  """Prints what was planted and found, and returns the exit code."""
  started = time.monotonic()
  every = list(examples())
  with tempfile.TemporaryDirectory() as scratch:
    root = pathlib.Path(scratch).resolve()
    copy(bootstrap.ROOT, root)
    clean = _find(root)
    for finding in clean:
      print(f'in the clean copy: {finding}')
    wrong = [x for part in rounds(every) for x in try_out(root, part)]
  for example in wrong:
    said = 'not found' if example.bad else 'found'
    print(f'{said}: {example.rule} in {example.place}')
  bad = [example for example in every if example.bad]
  missed = [example for example in wrong if example.bad]
  seconds = time.monotonic() - started
  print(
      f'lint_check: {len(bad) - len(missed)} of {len(bad)} planted mistakes'
      f' found, {len(wrong) - len(missed)} false alarms in'
      f' {len(every) - len(bad)} good examples, {len(clean)} findings in the'
      f' clean copy, {seconds:.0f} s'
  )
  return 1 if clean or wrong else 0


if __name__ == '__main__':
  sys.exit(main())
