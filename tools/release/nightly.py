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

"""The night: do the techniques still hold with tf-nightly at TFMOT's head?

    tools/nox -s nightly
    tools/nox -s nightly -- --tier smoke //tfmot_contrib/pruning/...
    tools/nox -s nightly -- --channel head --tfmot /path/of/model-optimization

takes the newest nightlies of TensorFlow, tf-keras and TFMOT that go together,
runs the tests, adds a line to `docs/nightly.jsonl` and says what has changed
since the last green night: versions, and the commits of TFMOT where it is a git
checkout. A failure that is not TFMOT's may be accepted in pyproject.toml, under
`[[tool.tfmot_models.nightly.exceptions]]`, until a day or until the test passes
again. The night is green if nothing else failed; then it ends with 0.
"""

import argparse
import datetime
import fnmatch
import json
import os
import pathlib
import re
import sys
import tomllib
from typing import Any, Mapping, Sequence

from tfmot_contrib import errors
from tools.base import exceptions
from tools.base import files
from tools.base import git
from tools.env import bootstrap
from tools.env import environment
from tools.env import lock
from tools.env import sources
from tools.evidence import inputs
from tools.evidence import nights as nights_lib
from tools.suite import draw
from tools.suite import suite

_SOURCE = 'pyproject.toml, [[tool.tfmot_models.nightly.exceptions]]'
_TARGETS = ('//tfmot_contrib/...',)
_CPU, _SMOKE = 'cpu', 'smoke'
_CHANNELS = ('nightly', 'head')
_LOCKED = re.compile(r'^(tf\w*-\S*nightly\S*)==(\S+)', re.M)
_COMMIT = 'tfmot_commit'
_PROJECT = 'project'
_NOT_OF_A_NIGHT = (f':!{nights_lib.HISTORY}', ':!tools/env/locks')
_TFMOT_NIGHTLY = 'tf-model-optimization-nightly'
_SHOWN_COMMITS = 50


def explanations(root: pathlib.Path) -> list[exceptions.Entry]:
  """Reads which failures of a night are accepted, and until when.

  Args:
    root: The folder of the project.

  Returns:
    Exceptions whose `where` is a label and whose `what` matches the log or the
    verdicts of its failure; those past their day too.

  Raises:
    errors.InputError: One is broken, has no issue or day, or explains anything.
  """
  tools = tomllib.loads(files.read(root / 'pyproject.toml')).get('tool', {})
  listed = (
      tools.get('tfmot_models', {}).get('nightly', {}).get('exceptions', [])
  )
  found = exceptions.parse(listed, _SOURCE, datetime.date.min)
  for entry in found:
    place = f'{_SOURCE}: the exception {entry.what} {", ".join(entry.where)}'
    if not entry.issue or not entry.until:
      raise errors.InputError(f'{place} has no issue or no until: add them')
    if fnmatch.fnmatchcase('', entry.what):
      raise errors.InputError(
          f'{place} explains any failure: say in `what` what the log has'
      )
  return found


def append(root: pathlib.Path, night: Mapping[str, Any]) -> None:
  """Adds a night to the history, whole or not at all.

  Args:
    root: The folder of the project.
    night: A line.

  Raises:
    errors.InputError: It cannot be written.
  """
  path = root / nights_lib.HISTORY
  before = files.read(path) if path.exists() else ''
  files.write(path, before + json.dumps(night, sort_keys=True) + '\n')


def last_green(
    nights: Sequence[Mapping[str, Any]],
    channel: str,
    tier: str,
    targets: Sequence[str],
) -> Mapping[str, Any] | None:
  """Returns the last green night of the same kind, if there was one."""
  for night in reversed(nights):
    same = (channel, tier, list(targets))
    kind = (night['channel'], night['tier'], night['targets'])
    if night['green'] and kind == same:
      return night
  return None


def checkout_of(tfmot: str) -> tuple[pathlib.Path, str] | None:
  """Returns the folder and commit of a TFMOT that is a git checkout.

  Args:
    tfmot: The setting.

  Returns:
    Both, or None for what is no checkout.

  Raises:
    errors.InputError: It has no such commit.
  """
  if not sources.is_source(tfmot) or tfmot == sources.HEAD:
    return None
  top, ref = sources.split(tfmot)
  if not ((top / '.git').exists() or (top / 'HEAD').is_file()):
    return None
  what = f'finding TFMOT {tfmot}'
  ref = f'{ref or "HEAD"}^{{commit}}'
  options = ['--verify', '--quiet', '--end-of-options']
  done = git.run(top, 'rev-parse', *options, ref, what=what, ok=(0, 1, 128))
  commit = done.stdout.decode().split()[-1:]
  if done.returncode or not commit:
    raise errors.InputError(f'{what}: there is no such commit')
  return top, commit[0]


def versions_of(
    settings: Mapping[str, str], root: pathlib.Path
) -> dict[str, str]:
  """Returns the versions that a night is about.

  Args:
    settings: As `environment.settings` has them.
    root: The folder of the project.

  Returns:
    By package, or `tfmot` and `tfmot_commit` for a TFMOT that is a source; and
    `mirror`, the digest of Official Models, and `project`, the last commit of
    this project that is not of a night.

  Raises:
    errors.InputError: There is no lock, or no such commit.
  """
  versions = {'mirror': inputs.mirror(root)}
  if (root / '.git').exists():
    log = ['log', '-1', '--format=%H', '--', '.', *_NOT_OF_A_NIGHT]
    versions[_PROJECT] = git.text(root, *log, what='reading the last commit')
  for layer in environment.LAYERS:
    if layer == 'tfmot' and sources.is_source(settings[layer]):
      built = sources.wheel(settings[layer])
      versions['tfmot'] = sources.content_digest(built)
      continue
    path = environment.lock_of(layer, settings[layer])
    found = _LOCKED.findall(files.read(path))
    versions |= dict(found) or {layer: settings[layer]}
  if checkout := checkout_of(settings['tfmot']):
    versions[_COMMIT] = checkout[1]
  return versions


def changes(
    now: Mapping[str, str],
    before: Mapping[str, Any] | None,
    tfmot: str,
) -> list[str]:
  """Returns what has changed since the last green night, a line each.

  Args:
    now: The versions of this night.
    before: The last green night.
    tfmot: The setting, to read the commits of where it is a checkout.

  Returns:
    Versions, then commits, the newest first.
  """
  if before is None:
    return ['there is no green night of this kind yet']
  then = before['versions']
  lines = [
      f'{name}: {then.get(name, "-")} -> {now.get(name, "-")}'
      for name in sorted({*then, *now})
      if then.get(name) != now.get(name)
  ]
  checkout = checkout_of(tfmot)
  if checkout and (old := then.get(_COMMIT)) and old != checkout[1]:
    top, new = checkout
    log = ['log', '--oneline', '--no-decorate', f'{old}..{new}', '--']
    done = git.run(top, *log, what='reading the commits', ok=(0, 128))
    if done.returncode:
      lines.append(f'TFMOT: {top} does not have the commit {old}: fetch it')
    commits = done.stdout.decode(errors='replace').splitlines()
    lines += [f'TFMOT: {line}' for line in commits[:_SHOWN_COMMITS]]
    if (more := len(commits) - _SHOWN_COMMITS) > 0:
      lines.append(f'TFMOT: and {more} more commits')
  return lines or [f'nothing has changed since {before["date"]}']


def night_of(
    outcome: suite.Outcome,
    entries: Sequence[exceptions.Entry],
    today: datetime.date,
    **about: Any,
) -> dict[str, Any]:
  """Returns the line of a night.

  Args:
    outcome: Of the tests.
    entries: The failures that are accepted.
    today: Of the night.
    **about: `channel`, `tier`, `targets` and `versions`.

  Returns:
    It. `green` if every failure is explained, and every explanation is needed.
  """
  valid = [entry for entry in entries if today <= entry.until]
  matched = {
      test.label: exceptions.covering(
          valid, f'{test.why}\n{test.log}', test.label
      )
      for test in outcome.bad
  }
  mended = []
  for pattern in (pattern for entry in entries for pattern in entry.where):
    ran = [
        test.good
        for test in outcome.tests.values()
        if fnmatch.fnmatchcase(test.label, pattern)
    ]
    if ran and all(ran):
      mended.append(pattern)
  return {
      'date': today.isoformat(),
      **about,
      'tests': {label: t.status for label, t in outcome.tests.items()},
      'words': outcome.words,
      'seconds': round(outcome.seconds),
      'explained': {
          label: f'{entry.reason} {entry.issue}'
          for label, entry in matched.items()
          if entry
      },
      'mended': mended,
      'green': all(matched.values()) and not mended and not outcome.broken,
  }


def bisect_commands(
    night: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    bad: Sequence[str],
    tfmot: str,
) -> list[str]:
  """Returns the command that looks for what broke each test.

  Args:
    night: The night.
    before: The last green night.
    bad: The labels that failed and are not explained.
    tfmot: The setting; where it is a checkout, its commits are looked through.

  Returns:
    A command for each label; nothing without a green night, or where nothing
    that can be swapped has changed, or TFMOT has no name: a wheel or a folder.
  """
  if before is None:
    return []
  both = before['versions'], night['versions']
  projects = [versions.get(_PROJECT) for versions in both]
  moved = both[0].get('mirror') != both[1].get('mirror') and all(projects)
  ends = []
  for versions in both:
    named = {
        'tfmot': versions.get(_COMMIT, versions.get(_TFMOT_NIGHTLY)),
        'tensorflow': versions.get('tf-nightly', versions.get('tensorflow')),
    }
    if moved:  # It is checked out as it was in a commit of this project.
      named['mirror'] = versions[_PROJECT]
    if not all(named.values()):
      return []
    ends.append(','.join(f'{k}={v}' for k, v in named.items()))
  if ends[0] == ends[1]:
    if not all(projects) or projects[0] == projects[1]:
      return []
    test = f'bazel test --config={night["channel"]}'
    start = f'git bisect start {projects[1]} {projects[0]}'
    return [f'{start} && git bisect run {test} {label}' for label in bad]
  checkout = checkout_of(tfmot)
  where = f' --checkout {checkout[0]}' if checkout else ''
  return [
      f'tools/nox -s bisect -- --target {label}{where} --good {ends[0]} --bad'
      f' {ends[1]}'
      for label in bad
  ]


def _say(night: Mapping[str, Any], outcome: suite.Outcome) -> None:
  """Prints what became of the night."""
  for test in outcome.bad:
    if reason := night['explained'].get(test.label):
      print(f'explained: {test.label}: {reason}')
    else:
      print(f'{test.status}: {test.label}: {test.why}')
  for pattern, why in outcome.broken.items():
    print(f'not loaded: {pattern}: {why}')
  for test in night['mended']:
    print(f'mended: {test} passes: take it out of {_SOURCE}')
  print(
      f'nightly: {len(outcome.tests) - len(outcome.bad)} of'
      f' {len(outcome.tests)} tests passed, {len(night["explained"])} failures'
      f' explained: {"green" if night["green"] else "RED"}'
  )


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Runs the night of the flags.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if it is green, else 1.
  """
  parser = argparse.ArgumentParser(prog='nightly', description=__doc__)
  parser.add_argument('targets', nargs='*', default=list(_TARGETS))
  parser.add_argument('--channel', choices=_CHANNELS, default='nightly')
  parser.add_argument('--tfmot', help='a checkout, in place of the channel’s')
  parser.add_argument('--tier', choices=[_CPU, _SMOKE], default=_CPU)
  parser.add_argument(
      '--locked', action='store_true', help='the nightlies that are locked'
  )
  parser.add_argument(
      '--dry-run', action='store_true', help='say what would be done'
  )
  flags = parser.parse_args(argv)
  environ = {'TFMOT_CHANNEL': flags.channel}
  if tfmot := flags.tfmot or os.environ.get('TFMOT'):
    environ['TFMOT'] = tfmot
  entries = explanations(root)
  nights = nights_lib.read(root)
  settings = environment.settings(environ)
  if sources.is_source(settings['tfmot']):  # A wrong one is told at once.
    sources.wheel(settings['tfmot'])
  if not (flags.locked or flags.dry_run):
    lock.main(['--channel', flags.channel])
  versions = versions_of(settings, root)
  about = {
      'channel': flags.channel,
      'tier': flags.tier,
      'targets': sorted(flags.targets),
      'versions': versions,
  }
  before = last_green(nights, flags.channel, flags.tier, about['targets'])
  for name, version in versions.items():
    print(f'{name} {version}')
  for line in changes(versions, before, settings['tfmot']):
    print(f'since the last green night: {line}')
  options = [f'--config={flags.channel}']
  options += [f'--repo_env=TFMOT={tfmot}'] if tfmot else []
  options += ['--test_tag_filters=-cpu'] if flags.tier == _SMOKE else []
  if flags.dry_run:
    print(f'would run: bazel test {" ".join([*options, *flags.targets])}')
    return 0
  bazel = draw.Bazel(bootstrap.bazel(), root)
  try:
    outcome = suite.run(bazel, flags.targets, options)
  except suite.NotRunError as error:  # That is a red night too.
    broken = {' '.join(flags.targets): errors.one_line(error)}
    outcome = suite.Outcome(tests={}, broken=broken, seconds=0.0)
  night = night_of(outcome, entries, datetime.date.today(), **about)
  append(root, night)
  _say(night, outcome)
  red = [t.label for t in outcome.bad if t.label not in night['explained']]
  for command in bisect_commands(night, before, red, settings['tfmot']):
    print(f'find the change: {command}')
  return 0 if night['green'] else 1


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
