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

"""Injects faults and sees whether the convergence tests see them.

    tools/nox -s fault_injection -- --fault prune_by_sign

A test that never was red proves nothing. So each fault of `catalogue.yaml` is
put into a copy of TFMOT, or of this project, in turn; the tests that should see
it are run and judged, first the smoke tier and, if that sees nothing, the real
one. Honest controls, which change nothing that matters, must stay green. What
came out is written to docs/detection.json and docs/detection.md.
"""

import argparse
import contextlib
import dataclasses
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Any, Iterator, Mapping, Sequence

import jsonschema
import yaml

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import verdict
from tools.reference import draw
from tools.report import rows
from tools.versions import bootstrap

_HERE = pathlib.Path(__file__).parent
_CATALOGUE = _HERE / 'catalogue.yaml'
_SCHEMA = _HERE / 'catalogue_schema.json'
_CORE = 'tensorflow_model_optimization/python/core'
_RESULT = 'docs/detection.json'
_DOCUMENT = 'docs/detection.md'
# The tiers in the order in which they are tried: the suffix of their tests.
_TIERS = {'smoke': '_smoke', 'cpu': ''}
_CRASHED = 'the run itself'


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
    seed: Of the runs.
  """

  id: str
  what: str
  tests: tuple[str, ...]
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
          ' tools/faults/catalogue.yaml'
      )
    return text[:place] + self.new + text[place + len(self.old) :]


@dataclasses.dataclass(frozen=True)
class Detection:
  """What became of a fault.

  Attributes:
    fault: Its name.
    control: Whether it was an honest control.
    seen: By test, the claims that were red, of the first tier that saw it.
    tier: That tier, or the last that was tried.
    cpu_minutes: What the runs took.
  """

  fault: str
  control: bool
  seen: Mapping[str, Sequence[str]]
  tier: str
  cpu_minutes: float


def catalogue(path: pathlib.Path = _CATALOGUE) -> list[Fault]:
  """Reads the faults.

  Args:
    path: The YAML file.

  Returns:
    The faults, in their order.

  Raises:
    errors.InputError: The file breaks its schema or names a fault twice.
  """
  entries = yaml.safe_load(path.read_text(encoding='utf-8'))
  schema = json.loads(_SCHEMA.read_text(encoding='utf-8'))
  found = jsonschema.exceptions.best_match(
      jsonschema.Draft202012Validator(schema).iter_errors(entries)
  )
  if found:
    where = '/'.join(str(part) for part in found.absolute_path) or 'top level'
    raise errors.InputError(f'{path}: at {where}: {found.message[:200]}')
  faults = [Fault(**{**e, 'tests': tuple(e['tests'])}) for e in entries]
  names = [fault.id for fault in faults]
  if twice := {name for name in names if names.count(name) > 1}:
    raise errors.InputError(f'{path}: {twice.pop()} is there twice')
  return faults


def tfmot_file(name: str) -> pathlib.Path:
  """Returns a file of the TFMOT that is installed."""
  spec = importlib.util.find_spec(_CORE.partition('/')[0])
  return pathlib.Path(spec.origin).parents[1] / _CORE / name


@contextlib.contextmanager
def injected(fault: Fault, tree: pathlib.Path) -> Iterator[tuple[str, ...]]:
  """Puts a fault in its place.

  Args:
    fault: The fault.
    tree: A copy of the project.

  Yields:
    The options that Bazel needs for it.
  """
  if not fault.file:
    yield ()
  elif fault.of == 'project':
    path = tree / fault.file
    before = path.read_text(encoding='utf-8')
    path.write_text(fault.apply(before), encoding='utf-8')
    try:
      yield ()
    finally:
      path.write_text(before, encoding='utf-8')
  else:
    text = tfmot_file(fault.file).read_text(encoding='utf-8')
    with tempfile.TemporaryDirectory(suffix=fault.id) as overlay:
      path = pathlib.Path(overlay) / _CORE / fault.file
      path.parent.mkdir(parents=True)
      path.write_text(fault.apply(text), encoding='utf-8')
      yield (f'--repo_env=TFMOT_OVERLAY={overlay}',)


def _judge(
    bazel: draw.Bazel, label: str, tier: str, seed: int
) -> tuple[list[str], float]:
  """Returns which claims of a test are red, and the processor minutes."""
  test = draw.find(bazel, label)
  try:
    shown = draw.draw(bazel, test, [seed])
  except errors.InputError as error:
    draw.say(f'{label}: {errors.one_line(error)}')
    return [_CRASHED], 0.0
  minutes = shown.runs[0].training['cpu_seconds'] / 60
  name = test.name.removesuffix(_TIERS[tier] or '\n')
  technique = bazel.root / 'tfmot_contrib' / test.folder / 'technique.yaml'
  try:
    own, family = verdict.references(technique, name, shown.runs[0])
    shown = dataclasses.replace(shown, reference=own, family=family)
    judge.check(shown)
    declared = claims.claims_of(str(technique), name, tier)
    red = [v.claim.id for v in judge.judge(declared, shown) if not v.good]
  except errors.InputError as error:
    return [f'invalid: {errors.one_line(error)}'], minutes
  return red, minutes


def detect(fault: Fault, bazel: draw.Bazel, tiers: Sequence[str]) -> Detection:
  """Runs the tests of a fault until one sees it.

  Args:
    fault: The fault.
    bazel: In a copy of the project.
    tiers: Which to try, in this order.

  Returns:
    What they saw.
  """
  folders = _folders(bazel.root)
  minutes, seen, tier = 0.0, {}, tiers[0]
  with injected(fault, bazel.root) as options:
    faulty = dataclasses.replace(bazel, options=bazel.options + options)
    for tier in tiers:
      for test in fault.tests:
        label = f'//tfmot_contrib/{folders[test]}:{test}{_TIERS[tier]}'
        red, cost = _judge(faulty, label, tier, fault.seed)
        minutes += cost
        if red:
          seen[test] = red
      if seen:
        break
  return Detection(fault.id, fault.control, seen, tier, round(minutes, 2))


def _folders(root: pathlib.Path) -> dict[str, str]:
  """Returns the folder of each test."""
  return {
      test: folder.name
      for folder in rows.folders(root / 'tfmot_contrib')
      for test in rows.tests(folder)
  }


@contextlib.contextmanager
def copy_of(root: pathlib.Path) -> Iterator[draw.Bazel]:
  """Yields Bazel in a copy of what is committed, and removes both."""
  with tempfile.TemporaryDirectory(prefix='tfmot_models_faults') as folder:
    tree = pathlib.Path(folder) / 'tree'
    git = ['git', '-C', str(root), 'worktree']
    bootstrap.run(
        [*git, 'add', '--detach', tree, 'HEAD'], 'copying the project'
    )
    base = pathlib.Path(folder) / 'bazel'
    bazel = draw.Bazel(bootstrap.bazel(), tree, (f'--output_base={base}',))
    try:
      yield bazel
    finally:
      subprocess.run(
          [bazel.program, *bazel.startup, 'clean', '--expunge'],
          cwd=tree,
          check=False,
          capture_output=True,
      )
      bootstrap.run([*git, 'remove', '--force', tree], 'removing the copy')


def summary(detections: Sequence[Detection]) -> dict[str, Any]:
  """Returns what is committed.

  Args:
    detections: Of faults and controls.

  Returns:
    The shares at the top, and everything below.
  """
  faults = [d for d in detections if not d.control]
  controls = [d for d in detections if d.control]
  return {
      'detected_share': _share([bool(d.seen) for d in faults]),
      'false_alarm_share': _share([bool(d.seen) for d in controls]),
      'faults': len(faults),
      'controls': len(controls),
      'detections': [dataclasses.asdict(d) for d in detections],
  }


def _share(seen: Sequence[bool]) -> float | None:
  """Returns how many of some are true, or None for none."""
  return round(sum(seen) / len(seen), 4) if seen else None


def document(detections: Sequence[Detection], faults: Sequence[Fault]) -> str:
  """Returns docs/detection.md.

  Args:
    detections: Of faults and controls.
    faults: The catalogue.

  Returns:
    Markdown.
  """
  what = {fault.id: fault.what for fault in faults}
  total = summary(detections)
  lines = [
      '# What the convergence tests see',
      '',
      'Made by `tools/nox -s fault_injection` from',
      '[`catalogue.yaml`](../tools/faults/catalogue.yaml); all of it is in',
      '[`detection.json`](detection.json).',
      '',
      (
          f'{total["faults"]} faults, share seen: {total["detected_share"]}.'
          f' {total["controls"]} honest controls, share of false alarms:'
          f' {total["false_alarm_share"]}.'
      ),
      '',
      '| fault | what goes wrong | tier | seen by | processor minutes |',
      '| --- | --- | --- | --- | --- |',
  ]
  for one in detections:
    seen = '; '.join(
        f'`{test}`: {", ".join(red)}' for test, red in one.seen.items()
    )
    nothing = 'nothing, as it should be' if one.control else '**nothing**'
    lines.append(
        f'| `{one.fault}` | {what[one.fault]} | {one.tier} |'
        f' {seen or nothing} | {one.cpu_minutes:.1f} |'
    )
  return '\n'.join(lines) + '\n'


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Injects the faults of the flags.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if every fault was seen and every control was not, else 1.

  Raises:
    errors.InputError: There is no such fault.
  """
  parser = argparse.ArgumentParser(prog='inject', description=__doc__)
  parser.add_argument('--fault', nargs='+', default=[], help='these alone')
  parser.add_argument('--technique', help='those of one folder')
  parser.add_argument(
      '--smoke', action='store_true', help='try the smoke tier alone'
  )
  parser.add_argument(
      '--write', action='store_true', help=f'{_RESULT} and {_DOCUMENT}'
  )
  flags = parser.parse_args(argv)
  faults = catalogue()
  folders = _folders(root)
  chosen = [
      fault
      for fault in faults
      if (not flags.fault or fault.id in flags.fault)
      and flags.technique in (None, folders[fault.tests[0]])
  ]
  if not chosen:
    raise errors.InputError(
        f'no such fault; there are {", ".join(f.id for f in faults)}'
    )
  tiers = ['smoke'] if flags.smoke else list(_TIERS)
  detections = []
  with copy_of(root) as bazel:
    for number, fault in enumerate(chosen, start=1):
      draw.say(f'[{number}/{len(chosen)}] {fault.id}: {fault.what}')
      detections.append(detect(fault, bazel, tiers))
      draw.say(f'  {dict(detections[-1].seen) or "nothing saw it"}')
  print(document(detections, faults))
  if flags.write:
    text = json.dumps(summary(detections), indent=1) + '\n'
    (root / _RESULT).write_text(text, encoding='utf-8')
    (root / _DOCUMENT).write_text(
        document(detections, faults), encoding='utf-8'
    )
  return 0 if all(bool(d.seen) != d.control for d in detections) else 1


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
