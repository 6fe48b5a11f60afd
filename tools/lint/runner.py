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

"""Runs rules and tools over a project, and only where something is new.

The answer of a file rule or a tool is known by the contents of the file, that
of a project rule by the contents of all that it reads, and both by the version
of the checker. What is not known is found out by two processes at a time.
"""

from concurrent import futures
import dataclasses
import functools
import pathlib
from typing import Any, Callable, Iterator, Mapping, Sequence

from tfmot_contrib import surroundings
from tools.lint import cache as caches
from tools.lint import external
from tools.lint import ignores
from tools.lint import programs
from tools.lint import registry
from tools.lint import tree
from tools.versions import bootstrap

Finding = tree.Finding
_SOURCES = ('external.py', 'programs.py')


@dataclasses.dataclass(frozen=True)
class Choice:
  """What to run, and on what.

  Attributes:
    rules: Own rules, by identifier.
    tools: Tools, by name.
    files: The files to look at, or None for all.
    only: Whether project rules are to speak of `files` only.
    codes: Findings of these rules only, or all.
  """

  rules: Mapping[str, registry.Rule]
  tools: Mapping[str, external.Tool]
  files: Sequence[str] | None = None
  only: bool = True
  codes: frozenset[str] = frozenset()


@functools.cache
def _tools_version() -> str:
  """Returns a digest of the tools and of how they are run."""
  here = pathlib.Path(__file__).parent
  paths = [programs.LOCK, *(here / name for name in _SOURCES)]
  return bootstrap.digest(*(path.read_bytes() for path in paths))


class Runner:
  """Runs what is chosen on a project."""

  def __init__(self, project: tree.Project, cache: caches.Cache):
    """Initializes the runner."""
    self._project = project
    self._cache = cache
    project.remember = self._imports

  def _imports(self, file: tree.File) -> list[Any]:
    """Returns the imports of a file, parsed once for all times."""
    key = caches.key('imports', file.digest)
    known = self._cache.get(key)
    if known is None:
      known = [list(entry) for entry in tree.imports(file)]
      self._cache.put(key, known)
    return known

  def _tool_keys(self, tool: external.Tool, paths: Sequence[str]) -> dict:
    """Returns the keys of the files of a tool; `` stands for all."""
    files = self._project.files
    settings = tool.settings(self._project.root)
    also = [f'{f.path} {f.digest}' for f in self._project.glob(*tool.also)]
    head = (tool.name, _tools_version(), settings, *also)
    if tool.together:
      every = [f for p, f in sorted(files.items()) if tool.applies(p)]
      whole = [f'{f.path} {f.digest}' for f in every]
      return {'': caches.key(*head, *whole)} if every else {}
    keys = {}
    for path in paths:
      parts = [path, files[path].digest]
      if tool.imports:
        closure = sorted(self._project.closure(path) - {path})
        parts += [f'{other} {files[other].digest}' for other in closure]
      keys[path] = caches.key(*head, *parts)
    return keys

  def _run_tool(
      self, tool: external.Tool, names: Sequence[str], keys: Mapping[str, str]
  ) -> list[Finding]:
    """Runs a tool on what is not known of, and remembers the answer."""
    paths = names
    if tool.together:
      paths = [p for p in sorted(self._project.files) if tool.applies(p)]
    found = tool.check(self._project.root, paths, False)
    for name in names:
      own = [f for f in found if tool.together or f.path == name]
      self._cache.put(keys[name], [list(f) for f in own])
    return found

  def _run_rule(self, rule: registry.Rule, key: str) -> list[Finding]:
    """Runs a project rule and remembers the answer."""
    found = rule.find(self._project)
    self._cache.put(key, [list(f) for f in found])
    return found

  def _run_own(
      self, work: Sequence[tuple[registry.Rule, str, str]]
  ) -> list[Finding]:
    """Runs own rules: with a path on that file, and without on the project."""
    found = []
    for rule, path, key in work:
      if not path:
        found += self._run_rule(rule, key)
        continue
      here = rule.find(self._project.files[path])
      self._cache.put(key, [list(f) for f in here])
      found += here
    return found

  def run(self, choice: Choice) -> list[Finding]:
    """Returns what is found, without exceptions, sorted.

    Args:
      choice: What to run, and on what.

    Returns:
      The findings.
    """
    files = self._project.files
    paths = sorted(files if choice.files is None else choice.files)
    findings: list[Finding] = []
    tasks: list[Callable[[], list[Finding]]] = []
    own: list[tuple[registry.Rule, str, str]] = []
    for tool in choice.tools.values():
      here = [path for path in paths if tool.applies(path)]
      keys = self._tool_keys(tool, here) if here else {}
      known, missing = caches.split(self._cache, keys, _finding)
      findings += known
      for part in _divided(missing, tool.parts):
        tasks.append(functools.partial(self._run_tool, tool, part, keys))
    for rule in choice.rules.values():
      if rule.project:
        read = registry.files_of(rule, self._project)
        parts = [f'{file.path} {file.digest}' for file in read]
        keys = {'': caches.key(rule.id, rule.version, *parts)}
      else:
        keys = {
            path: caches.key(rule.id, rule.version, path, files[path].digest)
            for path in paths
            if rule.applies(path)
        }
      known, missing = caches.split(self._cache, keys, _finding)
      findings += known
      for name in missing:
        if rule.slow:
          work = functools.partial(self._run_rule, rule, keys[name])
          tasks.insert(0, work)
        else:
          own.append((rule, name, keys[name]))
    if own:
      tasks.append(functools.partial(self._run_own, own))
    with futures.ThreadPoolExecutor(max_workers=surroundings.cpus()) as pool:
      for task in [pool.submit(task) for task in tasks]:
        findings += task.result()
        self._cache.save()
    self._cache.save()
    return sorted(set(self._chosen(findings, choice)))

  def _chosen(
      self, findings: Sequence[Finding], choice: Choice
  ) -> Iterator[Finding]:
    """Yields the findings that are asked for and are no exceptions."""
    lint = external.settings(self._project.root)
    lint = lint.get('tfmot_models', {}).get('lint', {})
    exceptions = ignores.Exceptions(self._project, lint.get('ignore', ()))
    wanted = None if choice.files is None else set(choice.files)
    for finding in findings:
      if exceptions.covers(finding):
        continue
      if choice.codes and finding.rule not in choice.codes:
        continue
      if wanted is not None and choice.only and finding.path not in wanted:
        continue
      yield finding
    everything = choice.files is None and not choice.codes
    if everything and ignores.RULE in choice.rules and choice.tools:
      yield from exceptions.idle()


def _finding(entry: Sequence[Any]) -> Finding:
  """Returns a finding of the cache."""
  return Finding(*entry)


def _divided(names: Sequence[str], parts: int) -> Iterator[Sequence[str]]:
  """Yields names in parts of equal number, for processes at the same time."""
  parts = min(parts, max(1, len(names) // 8))
  for part in range(parts):
    if chosen := names[part::parts]:
      yield chosen


def fix(root: pathlib.Path, choice: Choice, paths: Sequence[str]) -> list[str]:
  """Mends what rules and tools can mend.

  Args:
    root: The root of the repository.
    choice: Which rules and tools.
    paths: The files.

  Returns:
    The files that changed.
  """
  before = {path: (root / path).read_bytes() for path in paths}
  for path in paths:
    file = tree.File(path, before[path])
    text = file.text
    if text is None:
      continue
    for rule in choice.rules.values():
      if rule.fix and rule.applies(path) and rule.find(file):
        text = rule.fix(text)
        file = tree.File(path, text.encode())
    if text.encode() != before[path]:
      (root / path).write_text(text, encoding='utf-8')
  for tool in choice.tools.values():
    chosen = [path for path in paths if tool.applies(path)]
    if tool.fixes and chosen:
      tool.check(root, chosen, True)
  return [path for path in paths if (root / path).read_bytes() != before[path]]
