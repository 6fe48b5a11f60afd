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

"""Which evidence is stale: the convergence runs that a sync has changed.

A run imports the experiments of its technique and `convergence/run.py`, and
through them files of the mirror. When one of these changed in substance, what
the run has measured says nothing about the new mirror, and neither does what
was measured from its checkpoint. The targets go into the report as a command
for `bazel test`. What they are is read from the `convergence_test` calls of
BUILD files.
"""

import pathlib
from typing import Mapping, NamedTuple, Sequence

from tools.sync.impact import build_files
from tools.sync.impact import files
from tools.sync.impact import imports

PACKAGES = ('official', 'orbit')
_RUN = 'tfmot_contrib/convergence/run.py'


class Run(NamedTuple):
  """A convergence test.

  Attributes:
    target: Its label.
    experiment: The registered experiment; empty when BUILD does not tell.
    module: The Python module that registers it; empty likewise.
    baseline: The label of the test whose run starts this one, or empty.
  """

  target: str
  experiment: str
  module: str
  baseline: str


class Stale(NamedTuple):
  """A convergence test that has to be run again.

  Attributes:
    target: Its label.
    causes: The changed files of the mirror that its run imports, sorted. Empty
      when it is not known what the run imports.
  """

  target: str
  causes: tuple[str, ...]


def runs(rules: Sequence[build_files.Rule]) -> list[Run]:
  """Returns the convergence tests of BUILD files.

  Args:
    rules: All rules of the repository.

  Returns:
    The tests in the order of their labels.
  """
  found = []
  for rule in rules:
    if rule.kind == 'convergence_test':
      get = rule.attributes.get
      baseline = get('baseline') or ''
      found.append(
          Run(
              target=rule.label,
              experiment=get('experiment', ''),
              module=get('module', ''),
              baseline=baseline
              and build_files.absolute(rule.package, baseline),
          )
      )
  return sorted(set(found))


def folders(
    mirror: pathlib.Path, root: pathlib.Path
) -> dict[str, pathlib.Path]:
  """Returns where the packages are that a run of this project imports."""
  return {**dict.fromkeys(PACKAGES, mirror), 'tfmot_contrib': root}


class Closures:
  """What the runs of a repository import, of an old mirror and of a new one.

  Attributes:
    runs: The convergence tests.
  """

  def __init__(
      self,
      old: pathlib.Path,
      new: pathlib.Path,
      root: pathlib.Path,
      changes: files.FileChanges,
      rules: Sequence[build_files.Rule],
  ):
    """Initializes the closures; they are made when they are asked for.

    Args:
      old: The old mirror.
      new: The new mirror.
      root: The root of the repository.
      changes: What differs between the mirrors.
      rules: The rules of the BUILD files.
    """
    self.runs = runs(rules)
    self._changed = changes.substantial
    # What changed trivially imports the same: it is read once for both.
    cache: imports.Cache = {}
    self._graphs = [
        imports.Graph(folders(mirror, root), cache, self._changed)
        for mirror in (old, new)
    ]
    self._made: dict[str, list[set[str]]] = {}

  def of(self, module: str) -> list[set[str]]:
    """Returns the files that a run imports.

    Args:
      module: The module that registers its experiment.

    Returns:
      The closure with the old mirror and the one with the new.
    """
    if module not in self._made:
      start = module.replace('.', '/') + '.py'
      self._made[module] = [g.closure([start, _RUN]) for g in self._graphs]
    return self._made[module]

  def packages(self) -> list[dict[str, str]]:
    """Returns the packages from outside that the mirrored files in use import.

    Returns:
      For the old mirror and for the new one, from a top-level package to the
      first of the files that import it.
    """
    found: list[dict[str, str]] = [{}, {}]
    for index, graph in enumerate(self._graphs):
      modules = {run.module for run in self.runs if run.module}
      used = set().union(*(self.of(module)[index] for module in modules))
      for name in sorted(used):
        if name.split('/')[0] in PACKAGES:
          for package in graph.packages(name):
            found[index].setdefault(package, name)
    return found

  def stale(self) -> list[Stale]:
    """Returns the convergence tests whose evidence is stale.

    Returns:
      The tests in the order of their labels, with the reasons.
    """
    causes: dict[str, set[str] | None] = {}
    for run in self.runs:
      if run.module and run.target not in causes:
        used = set().union(*self.of(run.module))
        causes[run.target] = used & self._changed
      else:
        # The label stands for several tests, or BUILD does not tell.
        causes[run.target] = None
    baselines = {run.target: run.baseline for run in self.runs}
    return [
        Stale(target, tuple(sorted(why or ())))
        for target, why in (
            (target, _with_baseline(target, baselines, causes))
            for target in sorted(causes)
        )
        if why is None and self._changed or why
    ]


def _with_baseline(
    target: str,
    baselines: Mapping[str, str],
    causes: Mapping[str, set[str] | None],
) -> set[str] | None:
  """Returns the causes of a test and of the runs whose checkpoints start it."""
  found: set[str] = set()
  seen: set[str] = set()
  while target and target not in seen:
    seen.add(target)
    why = causes.get(target, set())
    if why is None:
      return None
    found |= why
    target = baselines.get(target, '')
  return found
