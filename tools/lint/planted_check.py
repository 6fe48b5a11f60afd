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

The copy is clean before. For every rule and every tool two or more mistakes are
planted; exit code 1 says that one was not found, or that the copy was not
clean.
"""

import pathlib
import re
import sys
import tempfile
import time
from typing import Iterator, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.lint import cache as caches
from tools.lint import external
from tools.lint import planted
from tools.lint import registry
from tools.lint import runner
from tools.lint import tree
from tools.versions import bootstrap


class Result(NamedTuple):
  """Whether a mistake was found.

  Attributes:
    rule: The rule or tool.
    place: Where it was planted.
    found: Whether the rule said so there.
  """

  rule: str
  place: str
  found: bool


def copy(root: pathlib.Path, to: pathlib.Path) -> None:
  """Copies the files of a project, and makes a repository of them."""
  for path in tree.list_files(root):
    (to / path).parent.mkdir(parents=True, exist_ok=True)
    (to / path).write_bytes((root / path).read_bytes())
    (to / path).chmod((root / path).stat().st_mode)
  git.run(to, 'init', '-q', what='making a repository of the copy')


class Copy:
  """A copy of the project, to plant in."""

  def __init__(self, root: pathlib.Path, cache: caches.Cache):
    """Initializes the copy in the folder `root`, which has the files."""
    self.root = root
    self._cache = cache

  def find(
      self,
      rules: Mapping[str, registry.Rule],
      tools: Mapping[str, external.Tool],
      files: Sequence[str] | None = None,
  ) -> list[tree.Finding]:
    """Returns what some rules and tools find."""
    project = tree.Project(self.root, tree.list_files(self.root))
    choice = runner.Choice(rules, tools, files, only=False)
    return runner.Runner(project, self._cache).run(choice)

  def write(self, files: Mapping[str, str]) -> None:
    """Writes files."""
    for path, text in files.items():
      (self.root / path).parent.mkdir(parents=True, exist_ok=True)
      (self.root / path).write_text(text, encoding='utf-8')

  def plant(self, edits: Sequence[planted.Edit]) -> dict[str, bytes | None]:
    """Makes changes.

    Args:
      edits: The changes.

    Returns:
      What the files were before, None for those that are new.

    Raises:
      errors.InputError: A file does not have what is to be replaced.
    """
    before: dict[str, bytes | None] = {}
    for path, old, new in edits:
      place = self.root / path
      before[path] = place.read_bytes() if place.exists() else None
      if new is None:
        place.unlink()
        continue
      text = (before[path] or b'').decode()
      if old not in text:
        raise errors.InputError(
            f'{path} has no {old!r} any more: mend tools/lint/planted.py'
        )
      self.write({path: text.replace(old, new) if old else text + new})
    return before

  def restore(self, before: Mapping[str, bytes | None]) -> None:
    """Undoes changes."""
    for path, data in before.items():
      if data is None:
        (self.root / path).unlink()
      else:
        (self.root / path).write_bytes(data)


def file_rules(copied: Copy) -> Iterator[Result]:
  """Plants the bad examples of all rules over one file, all at once."""
  rules = {n: r for n, r in registry.RULES.items() if not r.project}
  files, wanted = {}, []
  for name, rule in rules.items():
    for number, example in enumerate(rule.bad):
      for path, text in example.items():
        folder, _, base = path.rpartition('/')
        mark = f'planted_{name.replace("-", "_")}_{number}_{base}'
        place = f'{folder}/{mark}' if folder else mark
        files[place] = text
        wanted.append((name, place))
  copied.write(files)
  found = {(f.rule, f.path) for f in copied.find(rules, {}, list(files))}
  for place in files:
    (copied.root / place).unlink()
  for name, place in wanted:
    yield Result(name, place, (name, place) in found)


def tools(copied: Copy) -> Iterator[Result]:
  """Plants the mistakes of all tools, all at once."""
  files = {}
  for own in planted.TOOLS.values():
    files.update(own)
  copied.write(files)
  found = copied.find({}, external.TOOLS, list(files))
  for place in files:
    (copied.root / place).unlink()
  for name, own in planted.TOOLS.items():
    alone = external.TOOLS[name]
    for place in own:
      hit = [f for f in found if f.path == place and _says(alone, f.rule)]
      yield Result(name, place, bool(hit))


def _says(tool: external.Tool, rule: str) -> bool:
  """Tells whether an identifier is one of a tool, as far as that shows."""
  if tool.name in ('buildifier', 'yamllint', 'zizmor'):
    return '-' in rule or rule.islower() or rule == tool.name
  return bool(re.fullmatch(tool.codes, rule))


def project_rules(copied: Copy) -> Iterator[Result]:
  """Plants the mistakes of each rule over the project, one by one."""
  for name, rule in registry.RULES.items():
    if not rule.project:
      continue
    variants = planted.PROJECT.get(name, [])
    # A rule that starts a process is asked once for all.
    groups = [variants] if rule.slow else [[v] for v in variants]
    for group in groups:
      edits = [edit for variant in group for edit in variant]
      before = copied.plant(edits)
      found = {f.path for f in copied.find({name: rule}, {})}
      copied.restore(before)
      for variant in group:
        place = variant[0].path
        yield Result(name, place, place in found)


@errors.exits_with_one_line
def main() -> int:
  """Prints what was planted and found, and returns the exit code."""
  started = time.monotonic()
  registry.load()
  with tempfile.TemporaryDirectory() as scratch:
    root = pathlib.Path(scratch).resolve()
    copy(bootstrap.ROOT, root)
    copied = Copy(root, caches.Cache(caches.default_path()))
    clean = copied.find(registry.RULES, external.TOOLS)
    for finding in clean:
      print(f'in the clean copy: {finding}')
    results = [*file_rules(copied), *tools(copied), *project_rules(copied)]
  missed = [result for result in results if not result.found]
  for result in missed:
    print(f'not found: {result.rule} in {result.place}')
  counts = dict.fromkeys((*registry.RULES, *external.TOOLS), 0)
  for result in results:
    counts[result.rule] += 1
  few = [name for name, count in counts.items() if count < 2]
  for name in few:
    print(f'not planted twice: {name}')
  seconds = time.monotonic() - started
  print(
      f'lint_check: {len(results) - len(missed)} of {len(results)} planted'
      f' mistakes of {len(counts)} rules and tools found, {len(clean)} findings'
      f' in the clean copy, {seconds:.0f} s'
  )
  return 1 if clean or missed or few else 0


if __name__ == '__main__':
  sys.exit(main())
