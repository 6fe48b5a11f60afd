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
import json
import os
import pathlib
import sys
from typing import Any, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import conclude
from tools.bisect import hunt as hunts
from tools.bisect import observe
from tools.bisect import probe as probes
from tools.bisect import signature
from tools.bisect import state as states
from tools.versions import bootstrap
from tools.versions import environment
from tools.versions import sources

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
  parser.add_argument('--target', help='a Bazel test, //PACKAGE:NAME')
  parser.add_argument(
      '--command',
      help=(
          'in place of it, a command; {tree}, {wheel}, {python}, {seed},'
          ' {tfmot} and {tensorflow} in it are replaced'
      ),
  )
  parser.add_argument('--good', required=True, help='what was good')
  parser.add_argument('--bad', required=True, help='what is bad')
  parser.add_argument('--checkout', help='a git checkout of TFMOT')
  parser.add_argument('--metric', default='', help='compare it, not failures')
  parser.add_argument('--only', default='', help='failures with this in them')
  parser.add_argument(
      '--noisy', action='store_true', help='the failure comes and goes'
  )
  parser.add_argument(
      '--confidence', type=float, default=0.95, help='of a noisy search'
  )
  parser.add_argument('--runs', type=int, help='at most, over all calls')
  parser.add_argument('--minutes', type=float, help='at most, over all calls')
  parser.add_argument('--state', type=surroundings.path, help='to go on from')
  parser.add_argument('--fresh', action='store_true', help='begin again')
  parser.add_argument(
      '--again', action='store_true', help='try what could not be tested again'
  )
  parser.add_argument(
      '--output',
      type=surroundings.path,
      help='a folder for result.json, issue.md',
  )
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
    text: Of the flag.
    flag: Its name.
    root: The folder of the project.
    checkout: Of TFMOT.

  Returns:
    A value for each axis.

  Raises:
    errors.InputError: A value means nothing.
  """
  default = {**environment.settings(), axes.MIRROR: axes.HERE}
  found = axes.parse(text, flag, default)
  tfmot = found[axes.TFMOT]
  if builds.kind_of(tfmot) == builds.COMMIT and '@' not in tfmot:
    if checkout is None and not tfmot.endswith('.whl'):
      raise errors.InputError(
          f'{flag} {tfmot} is no version such as 0.8.0 or 0.8.1.dev20260629;'
          ' for a commit give --checkout too'
      )
    if checkout is not None:
      commit = builds.resolve(checkout, tfmot)
      found[axes.TFMOT] = f'{checkout}@{commit}'
  if found[axes.MIRROR] != axes.HERE:
    found[axes.MIRROR] = builds.resolve(root, found[axes.MIRROR])
  return found


def _write(folder: pathlib.Path, name: str, text: str) -> pathlib.Path:
  """Writes a file, whole or not at all, and returns it."""
  try:
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f'{name}.partial'
    partial.write_text(text, encoding='utf-8')
    os.replace(partial, folder / name)
  except OSError as error:
    raise errors.InputError(
        f'cannot write {folder / name}: {error.strerror or error}'
    ) from error
  return folder / name


def _reproduce(
    flags: argparse.Namespace, found: dict[str, Any], bad: axes.Combination
) -> str:
  """Returns the command that shows the failure."""
  bad = {**bad}
  if found['first_bad']:
    bad[found['axis']] = found['first_bad']['value']
  if flags.command:
    places = ', '.join(f'{k} {conclude.short(v)}' for k, v in bad.items())
    return f'{flags.command}  # Its places are those of {places}.'
  tfmot = bad[axes.TFMOT]
  if '@' in tfmot:
    tfmot = f'/path/of/model-optimization@{conclude.short(tfmot)}'
  mirror = ''
  if bad[axes.MIRROR] != axes.HERE:
    mirror = f'git checkout {bad[axes.MIRROR]} -- official && '
  return (
      f'{mirror}bazel test --repo_env=TFMOT={tfmot}'
      f' --repo_env=TENSORFLOW={bad[axes.TENSORFLOW]}'
      f' --repo_env=TFMOT_CLASHES=ignore {flags.target} --test_output=all'
  )


def _revert(hunt: hunts.Hunt, found: dict[str, Any]) -> dict[str, str] | None:
  """Makes the revert branch of a commit that was found, and tests it.

  Args:
    hunt: The hunt.
    found: Its result.

  Returns:
    The branch, its commit, and what is to be said of them; None where there is
    no commit of TFMOT.
  """
  if found['verdict'] != conclude.FOUND or found['axis'] != axes.TFMOT:
    return None
  checkout, at, guilty = found['first_bad']['value'].rpartition('@')
  if not at:
    return None
  stage = hunt.stages[-1]
  bad = stage.candidates[-1].value.rpartition('@')[2]
  tells = f'It broke: {found["failure"]}.'
  try:
    made = conclude.revert(pathlib.Path(checkout), guilty, bad, tells)
  except errors.InputError as error:  # What was found is not lost by it.
    made = conclude.Revert('', '', f'none: {errors.one_line(error)}')
  said = made.said
  if made.commit:
    mended = {**hunt.bad, axes.TFMOT: f'{checkout}@{made.commit}'}
    try:
      kind = hunt.kind(mended)
      said += (
          ', and it is good' if kind == signature.GOOD else f': it is {kind}'
      )
    except (observe.InconclusiveError, probes.BrokenError) as error:
      said += f'; it was not tested: {errors.one_line(error)}'
  return {**made._asdict(), 'said': said}


def _probe(flags: argparse.Namespace, root: pathlib.Path) -> probes.Probe:
  """Returns what runs a combination."""
  if flags.command:
    return probes.CommandProbe(flags.command)
  # It imports SciPy's statistics, which takes seconds, so not without need.
  from tools.bisect import bazel_probe
  from tools.reference import draw

  bazel = draw.Bazel(bootstrap.bazel(), root)
  return bazel_probe.BazelProbe(flags.target, bazel)


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
  checkout = None
  if flags.checkout:
    checkout = sources.expanded(flags.checkout).absolute()
    if not checkout.is_dir():
      raise errors.InputError(f'--checkout {flags.checkout} is no folder')
  good, bad = (
      _combination(text, flag, root, checkout)
      for text, flag in ((flags.good, '--good'), (flags.bad, '--bad'))
  )
  axes.differing(good, bad)
  request = {
      key: getattr(flags, key) or ''
      for key in ('target', 'command', 'metric', 'only')
  }
  request |= {'good': good, 'bad': bad}
  key = bootstrap.digest(json.dumps(request, sort_keys=True).encode())
  path = flags.state or bootstrap.cache_dir() / 'bisect' / key / 'state.json'
  probe = _probe(flags, root)
  try:
    with states.opened(path.absolute(), request, flags.fresh) as state:
      if state.runs:
        _say(f'going on from {path}, which has {len(state.runs)} runs')
      if flags.again:
        _say(f'trying {state.forget_unusable()} runs again')
      hunt = hunts.Hunt(
          state,
          probe,
          (good, bad),
          root,
          checkout,
          budget=observe.Budget(flags.runs, flags.minutes),
          confidence=flags.confidence,
          noisy=flags.noisy,
          metric=flags.metric,
          only=flags.only,
          say=_say,
      )
      return _conclude(hunt, flags, flags.output or path.absolute().parent)
  except probes.BrokenError as error:
    raise errors.InputError(
        f'{error}: nothing is concluded from it; mend that and run it again'
    ) from error
  finally:
    probe.close()


def _conclude(
    hunt: hunts.Hunt, flags: argparse.Namespace, folder: pathlib.Path
) -> int:
  """Hunts, writes what came of it, and returns the exit code."""
  reason = ''
  try:
    hunt.run()
  except observe.InconclusiveError as error:
    reason = errors.one_line(error)
  found = conclude.result(hunt, reason)
  found['revert'] = _revert(hunt, found)
  found['runs'] = len(hunt.state.runs)
  text = json.dumps(found, indent=1) + '\n'
  written = [_write(folder, 'result.json', text)]
  if found['failure']:
    text = conclude.issue(found, _reproduce(flags, found, hunt.bad))
    written.append(_write(folder, 'issue.md', text))
  print(conclude.summary(found))
  print(f'written: {", ".join(map(str, written))}')
  return 0 if found['verdict'] == conclude.FOUND else _INCONCLUSIVE


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
