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
one, or with `--smoke` the smoke tier alone, as in the committed matrix. Honest
controls, which change nothing that matters, must stay green. With `--write`
what came out is written to docs/detection.json and docs/detection.md. With
`--catalogue` the faults are yours, written as those of `catalogue.yaml` are.
"""

import argparse
from concurrent import futures
import contextlib
import dataclasses
import importlib.util
import itertools
import json
import pathlib
import queue
import signal
import sys
import tempfile
from typing import Any, Iterator, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tfmot_contrib.convergence import explain
from tfmot_contrib.convergence import judge
from tools.base import files
from tools.base import markdown
from tools.env import bootstrap
from tools.faults import catalogue
from tools.suite import draw
from tools.suite import project

_CORE = 'tensorflow_model_optimization/python/core'
_RESULT = 'docs/detection.json'
_DOCUMENT = 'docs/detection.md'
# What is no claim and shows a fault too.
_CRASHED = 'the run itself'
_INVALID = judge.INVALID
_NEAR = 'near_reference'
# Of faults that a claim of the right kind must see.
_ASKED = 0.95
_HEADER = (
    'fault',
    'what goes wrong',
    'breaks',
    'seen by',
    'test',
    'processor minutes',
)


@dataclasses.dataclass(frozen=True)
class Detection:
  """What became of a fault.

  Attributes:
    fault: Its name.
    control: Whether it was an honest control.
    seen: By claim that was red, its kinds; of the first test that saw it.
    right: Whether one of those is a kind that the fault breaks.
    right_alone: Whether one is without the claim that compares numbers with
      those of other seeds, which is of many kinds at once.
    test: The label of that test, or the last that was tried.
    cpu_minutes: What all runs took.
  """

  fault: str
  control: bool
  seen: Mapping[str, Sequence[str]]
  right: bool
  right_alone: bool
  test: str
  cpu_minutes: float


def tfmot_file(name: str) -> pathlib.Path:
  """Returns a file of the TFMOT that is installed."""
  spec = importlib.util.find_spec(_CORE.partition('/')[0])
  return pathlib.Path(spec.origin).parents[1] / _CORE / name


@contextlib.contextmanager
def injected(
    fault: catalogue.Fault, tree: pathlib.Path
) -> Iterator[tuple[str, ...]]:
  """Puts a fault in its place.

  Args:
    fault: The fault.
    tree: A copy of the project.

  Yields:
    The options that Bazel needs for it.

  Raises:
    errors.InputError: It is of a file that is not there.
  """
  if not fault.file:
    yield ()
    return
  ours = fault.of == 'project'
  path = tree / fault.file if ours else tfmot_file(fault.file)
  try:
    before = path.read_text(encoding='utf-8')
  except OSError as error:
    raise errors.InputError(
        f'the fault {fault.id} is of {fault.file}, which cannot be read'
        f' ({error.strerror}): mend it in its catalogue'
    ) from error
  faulty = fault.apply(before)
  if ours:
    path.write_text(faulty, encoding='utf-8')
    try:
      yield ()
    finally:
      path.write_text(before, encoding='utf-8')
  else:
    with tempfile.TemporaryDirectory(suffix=fault.id) as overlay:
      files.write(pathlib.Path(overlay) / _CORE / fault.file, faulty)
      yield (f'--repo_env=TFMOT_OVERLAY={overlay}',)


def _judge(
    bazel: draw.Bazel, label: str, seed: int
) -> tuple[dict[str, list[str]], float]:
  """Returns the red claims of a test with their kinds, and minutes."""
  test = draw.find(bazel, label)
  try:
    shown, verdicts = draw.judged(bazel, test, [seed])
  except draw.NotMadeError as error:
    draw.say(f'{label}: {errors.one_line(error)}')
    return {_CRASHED: [_CRASHED]}, 0.0
  except draw.BazelError:
    raise
  except errors.InputError as error:
    return {f'{_INVALID}: {errors.one_line(error)}': [_INVALID]}, 0.0
  again, technique = explain.Again(label), str(test.technique(bazel.root))
  bad = [one for one in verdicts if not one.good]
  for one in bad:
    draw.say(explain.explain(one, technique, again, shown.runs))
  minutes = shown.runs[0].training['cpu_seconds'] / 60
  return {one.claim.id: one.kinds for one in bad}, minutes


def detect(
    fault: catalogue.Fault, bazel: draw.Bazel, tiers: Sequence[str]
) -> Detection:
  """Runs the tests of a fault until one sees it.

  Args:
    fault: The fault.
    bazel: In a copy of the project.
    tiers: Which to try, in this order.

  Returns:
    What they saw.
  """
  folders = _folders(bazel.root)
  minutes, seen, label = 0.0, {}, ''
  with injected(fault, bazel.root) as options:
    faulty = dataclasses.replace(bazel, options=bazel.options + options)
    for tier, test in itertools.product(tiers, fault.tests):
      label = draw.label_of(folders[test], test, tier)
      seen, cost = _judge(faulty, label, fault.seed)
      minutes += cost
      if seen:
        break
  alone = {claim: kinds for claim, kinds in seen.items() if claim != _NEAR}
  right, right_alone = (
      not set(fault.kinds).isdisjoint(itertools.chain(*of.values()))
      for of in (seen, alone)
  )
  cost = round(minutes, 2)
  return Detection(
      fault.id, fault.control, seen, right, right_alone, label, cost
  )


def detect_all(
    faults: Sequence[catalogue.Fault],
    root: pathlib.Path,
    tiers: Sequence[str],
    workers: int,
) -> list[Detection]:
  """Runs the tests of some faults.

  Args:
    faults: The faults.
    root: The folder of the project.
    tiers: Which to try, in this order.
    workers: How many faults at once, each in a copy of the project.

  Returns:
    What was seen of each.
  """
  free: queue.Queue[draw.Bazel] = queue.Queue()
  done = itertools.count(1)

  def one(fault: catalogue.Fault) -> Detection:
    bazel = free.get()
    try:
      detection = detect(fault, bazel, tiers)
    finally:
      free.put(bazel)
    draw.say(
        f'[{next(done)}/{len(faults)}] {fault.id}, {fault.what}:'
        f' {", ".join(detection.seen) or "nothing saw it"}'
    )
    return detection

  with contextlib.ExitStack() as stack:
    for _ in range(workers):
      free.put(stack.enter_context(draw.copy_of(root)))
    with futures.ThreadPoolExecutor(workers) as pool:
      return list(pool.map(one, faults))


def _folders(root: pathlib.Path) -> dict[str, str]:
  """Returns the folder of each test."""
  return {
      test: folder
      for folder in project.folders(root)
      for test in project.rows(root, folder)
  }


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
      'detected_share': _share([d.right for d in faults]),
      'detected_share_without_near': _share([d.right_alone for d in faults]),
      'seen_share': _share([bool(d.seen) for d in faults]),
      'false_alarm_share': _share([bool(d.seen) for d in controls]),
      'faults': len(faults),
      'controls': len(controls),
      'detections': [dataclasses.asdict(d) for d in detections],
  }


def held(detections: Sequence[Detection]) -> bool:
  """Returns whether the tests saw what they should.

  Args:
    detections: Of faults and controls.

  Returns:
    Whether every fault was seen, enough of them by a claim of the right kind,
    and no control.
  """
  share = summary(detections)['detected_share']
  return all(bool(d.seen) != d.control for d in detections) and (
      share is None or share >= _ASKED
  )


def _share(seen: Sequence[bool]) -> float | None:
  """Returns how many of some are true, or None for none."""
  return round(sum(seen) / len(seen), 4) if seen else None


def document(
    detections: Sequence[Detection], faults: Sequence[catalogue.Fault]
) -> str:
  """Returns docs/detection.md.

  Args:
    detections: Of faults and controls.
    faults: The catalogue.

  Returns:
    Markdown.
  """
  of = {fault.id: fault for fault in faults}
  total = summary(detections)
  smoke = sum(one.test.endswith(draw.SUFFIXES['smoke']) for one in detections)
  rows = []
  for one in detections:
    fault = of[one.fault]
    seen = '; '.join(
        f'{claim} ({", ".join(kinds)})' for claim, kinds in one.seen.items()
    )
    nothing = 'nothing, as it should be' if one.control else '**nothing**'
    rows.append((
        f'`{one.fault}`',
        fault.what,
        ', '.join(fault.kinds),
        seen or nothing,
        f'`{one.test.rpartition(":")[2]}`',
        f'{one.cpu_minutes:.1f}',
    ))
  return f"""\
# What the convergence tests see

Made by `tools/nox -s fault_injection -- --smoke --write` from
[`catalogue.yaml`](../tools/faults/catalogue.yaml); all of it is in
[`detection.json`](detection.json). A fault counts as seen if a claim
is red that is of a kind which it breaks.

{total["faults"]} faults, share seen: {total["detected_share"]}.\
 {total["controls"]} honest controls, share of false alarms:\
 {total["false_alarm_share"]}. Without `near_reference`, which\
 compares numbers with those of other seeds and is of many kinds at\
 once: {total["detected_share_without_near"]}. Of the\
 {len(detections)} rows a smoke test decided {smoke}.

{markdown.table(_HEADER, rows)}"""


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Injects the faults of the flags.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if every fault was seen, enough of them by a claim of the right kind, and
    no control; else 1.

  Raises:
    errors.InputError: There is no such fault.
  """
  parser = argparse.ArgumentParser(prog='inject', description=__doc__)
  parser.add_argument(
      '--fault',
      action='extend',
      nargs='+',
      default=[],
      help='these alone',
  )
  parser.add_argument('--technique', help='those of one folder')
  parser.add_argument(
      '--catalogue',
      nargs='+',
      type=surroundings.path,
      default=catalogue.OURS,
      help='YAML files of faults of your own, instead of ours',
  )
  parser.add_argument(
      '--smoke', action='store_true', help='try the smoke tier alone'
  )
  parser.add_argument(
      '--write', action='store_true', help=f'{_RESULT} and {_DOCUMENT}'
  )
  parser.add_argument(
      '--workers', type=int, default=1, help='faults at once; 2 fit on 2 cores'
  )
  flags = parser.parse_args(argv)
  if flags.workers < 1:
    raise errors.InputError('--workers must be 1 or more')
  own = tuple(flags.catalogue) != catalogue.OURS
  if flags.write and (flags.fault or flags.technique or own):
    raise errors.InputError(
        '--write takes all faults: leave --fault, --technique and --catalogue'
        ' away (what was run before comes from the cache)'
    )
  faults = catalogue.read(flags.catalogue)
  folders = _folders(root)
  for fault, test in ((f, test) for f in faults for test in f.tests):
    if test not in folders:
      raise errors.InputError(
          f'the fault {fault.id} is for {test}, which is no convergence test:'
          ' mend it in its catalogue'
      )
  chosen = [
      fault
      for fault in faults
      if (not flags.fault or fault.id in flags.fault)
      and flags.technique in (None, folders[fault.tests[0]])
  ]
  known = [fault.id for fault in faults]
  if unknown := [fault for fault in flags.fault if fault not in known]:
    raise errors.InputError(
        f'there is no fault {unknown[0]}: there are {", ".join(known)}'
    )
  if not chosen:
    raise errors.InputError(
        f'no fault is of {flags.technique}: leave --technique away'
    )
  tiers = ['smoke'] if flags.smoke else ['smoke', 'cpu']
  # As Ctrl-C, so that the copies are removed.
  signal.signal(signal.SIGTERM, signal.default_int_handler)
  signal.signal(signal.SIGINT, signal.default_int_handler)
  detections = detect_all(chosen, root, tiers, flags.workers)
  print(document(detections, faults))
  if flags.write:
    text = json.dumps(summary(detections), indent=1) + '\n'
    made = {_RESULT: text, _DOCUMENT: document(detections, faults)}
    files.write_all(root, made)
  return 0 if held(detections) else 1


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
