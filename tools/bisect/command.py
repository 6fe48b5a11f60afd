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

"""Finds what broke a test: which TFMOT, TensorFlow or mirror, to the commit.

    tools/nox -s bisect -- --target //tfmot_contrib/pruning:pruning_test \
        --good 0.8.0 --bad 0.8.1
    tools/nox -s bisect -- --target … --checkout ~/model-optimization \
        --good v0.8.0 --bad master

A combination is a TFMOT, or `tfmot=…,tensorflow=…,mirror=…`; what it does not
name is what is in force. docs/bisect.md tells how it works. It exits with 0 if
the first bad one was found, 3 if not: then `result.json` says why, and the same
command goes on from there. 2 is an error of the input.
"""

import argparse
import contextlib
import json
import os
import pathlib
import sys
from typing import Any, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.base import files
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import conclude
from tools.bisect import hunt as hunts
from tools.bisect import observe
from tools.bisect import probe as probes
from tools.bisect import signature
from tools.bisect import state as states
from tools.env import bootstrap
from tools.env import environment
from tools.env import sources

_INCONCLUSIVE = 3


def _say(text: str) -> None:
  """Tells the user what goes on."""
  print(text, file=sys.stderr, flush=True)


def _flags(argv: Sequence[str]) -> argparse.Namespace:
  """Reads the command line.

  Args:
    argv: Without the program.

  Returns:
    The flags.

  Raises:
    errors.InputError: They do not go together.
  """
  parser = argparse.ArgumentParser(
      prog='bisect',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  add = parser.add_argument
  add('--target', help='a Bazel test, //PACKAGE:NAME')
  places = ', '.join(f'{{{name}}}' for name in probes.PLACES)
  add('--command', help=f'in place of it; has places: {places}')
  add('--good', required=True, help='what was good')
  add('--bad', required=True, help='what is bad')
  add('--checkout', help='a git checkout of TFMOT')
  add('--metric', default='', help='compare it, not failures')
  add('--only', default='', help='failures with this in them')
  add('--noisy', action='store_true', help='the failure comes and goes')
  add('--confidence', type=float, default=0.95, help='of a noisy search')
  add('--runs', type=int, help='at most, over all calls')
  add('--minutes', type=float, help='at most, over all calls')
  add('--state', type=surroundings.path, help='to go on from')
  add('--fresh', action='store_true', help='begin again')
  add('--again', action='store_true', help='try again what was not testable')
  output = 'a folder for result.json, issue.md'
  add('--output', type=surroundings.path, help=output)
  flags = parser.parse_args(argv)
  if bool(flags.target) == bool(flags.command):
    raise errors.InputError('give one of --target and --command')
  if flags.metric and flags.only:
    raise errors.InputError('give one of --metric and --only')
  if not 0.5 < flags.confidence < 1:
    raise errors.InputError('--confidence must be above 0.5 and below 1')
  for name in ('runs', 'minutes'):
    value = getattr(flags, name)
    if value is not None and not value > 0:
      raise errors.InputError(f'--{name} must be above 0')
  return flags


def _combination(
    text: str,
    flag: str,
    root: pathlib.Path,
    checkout: pathlib.Path | None,
) -> axes.Combination:
  """Reads a combination, with refs made commits.

  Args:
    text: Such as `0.8.0` or `tfmot=0.8.0,tensorflow=2.20.0`.
    flag: Which one it was given with.
    root: The folder of the project.
    checkout: Of TFMOT.

  Returns:
    A value for each axis; what the text does not name is what is in force.

  Raises:
    errors.InputError: An axis is unknown, given twice, or has no value that
      means something.
  """
  found: axes.Combination = {}
  for part in text.split(','):
    axis, equals, value = part.strip().partition('=')
    if not equals:
      axis, value = axes.TFMOT, axis
    if axis not in axes.AXES or not value or value.startswith('-'):
      raise errors.InputError(
          f'{flag} {text}: {part.strip()!r} is no AXIS=VALUE; an axis is one of'
          f' {", ".join(axes.AXES)}, as in tfmot=0.8.0,tensorflow=2.20.0'
      )
    if axis in found:
      raise errors.InputError(f'{flag} {text}: it gives {axis} twice')
    found[axis] = value
  found = {**environment.settings(), axes.MIRROR: axes.HERE, **found}
  tfmot = found[axes.TFMOT]
  if builds.kind_of(tfmot) == builds.COMMIT and not (
      '@' in tfmot or tfmot.endswith('.whl')
  ):
    if checkout is None:
      raise errors.InputError(
          f'{flag} {tfmot} is no version such as 0.8.0 or 0.8.1.dev20260629;'
          ' for a commit give --checkout too'
      )
    found[axes.TFMOT] = f'{checkout}@{builds.resolve(checkout, tfmot)}'
  if found[axes.MIRROR] != axes.HERE:
    found[axes.MIRROR] = builds.resolve(root, found[axes.MIRROR])
  return found


def _revert(hunt: hunts.Hunt, found: dict[str, Any]) -> dict[str, str] | None:
  """Makes the revert branch of a commit that was found, and tests it.

  Args:
    hunt: The hunt.
    found: Its result.

  Returns:
    The commit of the branch, and what is to be said of it; None where no commit
    of TFMOT was found.
  """
  if found['verdict'] != conclude.FOUND:
    return None
  checkout, at, guilty = found['first_bad']['value'].rpartition('@')
  if not at:
    return None
  bad = hunt.stages[-1].candidates[-1].value.rpartition('@')[2]
  tells = f'It broke: {found["failure"]}.'
  try:
    commit = conclude.revert(pathlib.Path(checkout), guilty, bad, tells)
  except errors.InputError as error:  # What was found is not lost by it.
    return {'commit': '', 'said': f'none: {errors.one_line(error)}'}
  said = f'branch revert-{conclude.short(guilty)} takes it back'
  try:
    kind = hunt.kind({**hunt.flags.bad, axes.TFMOT: f'{checkout}@{commit}'})
    good = kind == signature.GOOD
    said += ', and it is good' if good else f': it is {kind}'
  except (observe.InconclusiveError, probes.BrokenError) as error:
    said += f'; it was not tested: {errors.one_line(error)}'
  return {'commit': commit, 'said': said}


def _probe(
    flags: argparse.Namespace, root: pathlib.Path, scratch: contextlib.ExitStack
) -> probes.Probe:
  """Returns what runs a combination."""
  if flags.command:
    return probes.CommandProbe(flags.command)
  # It imports SciPy's statistics, which takes seconds, so not without need.
  from tools.bisect import bazel_probe
  from tools.suite import draw

  bazel = draw.Bazel(bootstrap.bazel(), root)
  return bazel_probe.BazelProbe(flags.target, bazel, scratch)


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Bisects.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if the first bad one was found, else 3.

  Raises:
    errors.InputError: The input is wrong, or what runs the tests is broken.
  """
  flags = _flags(argv)
  # An old build may ask for what is not there, and is tried all the same.
  os.environ['TFMOT_CLASHES'] = 'ignore'
  if flags.checkout:
    checkout = sources.expanded(flags.checkout).absolute()
    if not checkout.is_dir():
      raise errors.InputError(f'--checkout {flags.checkout} is no folder')
    flags.checkout = checkout
  values = vars(flags)
  for end in ('good', 'bad'):
    values[end] = _combination(values[end], f'--{end}', root, flags.checkout)
  if not axes.differing(flags.good, flags.bad):
    raise errors.InputError(
        f'--good and --bad are the same combination ({axes.said(flags.good)}):'
        ' give one that was good and one that is bad'
    )
  keys = ('target', 'command', 'metric', 'only', 'good', 'bad')
  asked = {key: values[key] or '' for key in keys}
  key = bootstrap.digest(json.dumps(asked, sort_keys=True).encode())
  path = flags.state or bootstrap.cache_dir() / 'bisect' / key / 'state.json'
  path = path.absolute()
  with contextlib.ExitStack() as scratch:
    probe = _probe(flags, root, scratch)
    state = scratch.enter_context(states.opened(path, asked, flags.fresh))
    if state.runs:
      _say(f'going on from {path}, which has {len(state.runs)} runs')
    if flags.again:
      _say(f'trying {state.forget_unusable()} runs again')
    hunt = hunts.Hunt(flags, state, probe, root, _say)
    try:
      return _conclude(hunt, flags.output or path.parent)
    except probes.BrokenError as error:
      raise errors.InputError(
          f'{error}: nothing is concluded from it; mend that and run it again'
      ) from error


def _conclude(hunt: hunts.Hunt, folder: pathlib.Path) -> int:
  """Hunts, writes what came of it, and returns the exit code."""
  reason = ''
  try:
    hunt.run()
  except observe.InconclusiveError as error:
    reason = errors.one_line(error)
  found = conclude.result(hunt, reason)
  found['revert'] = _revert(hunt, found)
  found['runs'] = len(hunt.state.runs)
  contents = {'result.json': json.dumps(found, indent=1) + '\n'}
  if found['failure']:
    contents['issue.md'] = conclude.issue(found)
  files.write_all(folder, contents)
  print(conclude.summary(found))
  print(f'written to {folder}: {", ".join(contents)}')
  return 0 if found['verdict'] == conclude.FOUND else _INCONCLUSIVE


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
