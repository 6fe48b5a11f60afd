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

"""What a bisection ends with: JSON, the text of an issue, a revert branch.

The issue has the fields of TFMOT's form for regressions. The branch is made in
a work tree of its own, from the bad end, so that the user's is never touched.
"""

import dataclasses
import os
import pathlib
import platform
import tempfile
from typing import Any, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import hunt as hunts
from tools.bisect import observe

FOUND, INCONCLUSIVE = 'found', 'inconclusive'
_SHORT = 12  # Digits of a commit.
_NOBODY = ('bisect', 'bisect@tfmot-models.example')


class Revert(NamedTuple):
  """A branch that takes a commit back, or why there is none.

  Attributes:
    branch: Its name, or ''.
    commit: Its commit, or ''.
    said: What became of it, in one line.
  """

  branch: str
  commit: str
  said: str


def short(value: str) -> str:
  """Returns a value as people read it: a commit without its checkout."""
  _, at, commit = value.rpartition('@')
  return commit[:_SHORT] if at else value


def _identity(checkout: pathlib.Path) -> list[str]:
  """Returns the options of git that say who commits: the user, or nobody."""
  known = git.identity(checkout)
  name, address = (a or b for a, b in zip(known, _NOBODY, strict=True))
  return ['-c', f'user.name={name}', '-c', f'user.email={address}']


def revert(checkout: pathlib.Path, guilty: str, bad: str, tells: str) -> Revert:
  """Makes a branch that takes a commit back.

  Args:
    checkout: The git checkout, whose work tree and index are not touched.
    guilty: The commit.
    bad: The commit that the branch starts from.
    tells: What the commit broke, for the message.

  Returns:
    The branch, or why there is none.
  """
  what = f'reverting {guilty[:_SHORT]}'
  branch = f'revert-{guilty[:_SHORT]}'
  settings = [
      '-c',
      f'core.hooksPath={os.devnull}',
      '-c',
      'commit.gpgSign=false',
  ]
  settings += _identity(checkout)
  named = f'refs/heads/{branch}'
  there = git.run(
      checkout, 'rev-parse', '-q', '--verify', named, what=what, ok=(0, 1)
  )
  with tempfile.TemporaryDirectory(prefix='bisect-revert-') as scratch:
    tree = pathlib.Path(scratch) / 'tree'
    git.run(checkout, 'worktree', 'add', '-q', '--detach', tree, bad, what=what)
    try:
      parents = git.text(tree, 'rev-list', '--parents', '-1', guilty, what=what)
      if len(parents.split()) < 2:
        return Revert('', '', f'{guilty[:_SHORT]} has no parent to go back to')
      mainline = ['-m', '1'] if len(parents.split()) > 2 else []
      done = git.run(
          tree,
          *settings,
          'revert',
          '--no-commit',
          *mainline,
          guilty,
          what=what,
          ok=(0, 1, 128),
      )
      if done.returncode:
        files = git.text(
            tree, 'diff', '--name-only', '--diff-filter=U', what=what
        ).split('\n')
        where = ', '.join(filter(None, files)) or done.stderr.decode()[:200]
        return Revert(
            '',
            '',
            errors.one_line(f'{what} conflicts in {where}: do it by hand'),
        )
      subject = git.text(tree, 'log', '-1', '--format=%s', guilty, what=what)
      text = f'Revert "{subject}"\n\nThis reverts commit {guilty}.\n\n{tells}\n'
      if there.returncode == 0:
        return _reuse(tree, branch, there.stdout.decode().strip())
      done = git.run(
          tree,
          *settings,
          'commit',
          '-q',
          '-F',
          '-',
          what=what,
          stdin=text.encode(),
          ok=(0, 1),
      )
      if done.returncode:
        return Revert('', '', f'{guilty[:_SHORT]} was taken back already')
      commit = git.text(tree, 'rev-parse', 'HEAD', what=what)
      git.run(tree, 'branch', '--no-track', branch, commit, what=what)
      return Revert(branch, commit, f'branch {branch} takes it back')
    finally:
      git.run(checkout, 'worktree', 'remove', '--force', tree, what=what)


def _reuse(tree: pathlib.Path, branch: str, commit: str) -> Revert:
  """Returns a branch that is there, if it is what would be made."""
  what = f'comparing with {branch}'
  made = git.text(tree, 'write-tree', what=what)
  if git.text(tree, 'rev-parse', f'{commit}^{{tree}}', what=what) == made:
    return Revert(branch, commit, f'branch {branch} takes it back')
  return Revert(
      '', '', f'there is a branch {branch} with something else: rename it'
  )


def result(hunt: hunts.Hunt, reason: str) -> dict[str, Any]:
  """Returns all that was found, for machines.

  Args:
    hunt: The hunt, which ended.
    reason: Why it is inconclusive, or ''.

  Returns:
    What becomes `result.json`.
  """
  stages = hunt.stages
  last = next((s for s in reversed(stages) if s.bad is not None), None)
  if not reason and last and len(last.suspects) > 1:
    reason = 'candidates between the last good and the first bad one could not'
    reason += ' be tested'
  try:
    tells = str(hunt.tells)
  except observe.InconclusiveError:
    tells = ''
  runs = hunt.state.runs
  return {
      'schema': 1,
      'verdict': INCONCLUSIVE if reason else FOUND,
      'reason': reason,
      'failure': tells,
      'good': hunt.good,
      'bad': hunt.bad,
      'axis': last.axis if last else '',
      'last_good': last.good._asdict() if last else None,
      'first_bad': last.bad._asdict() if last else None,
      'suspects': [one._asdict() for one in last.suspects] if last else [],
      'confidence': round(last.confidence, 4) if last else 0.0,
      'noisy': hunt.noisy,
      'runs': len(runs),
      'minutes': round(sum(run.seconds for run in runs) / 60, 2),
      'stages': [_stage(stage) for stage in stages],
      'revert': None,
  }


def _stage(stage: hunts.Stage) -> dict[str, Any]:
  """Returns a stage for machines."""
  found = dataclasses.asdict(stage)
  for key in ('good', 'bad'):
    value = getattr(stage, key)
    found[key] = value.value if value else None
  found['candidates'] = [one.value for one in stage.candidates]
  found['suspects'] = [one.value for one in stage.suspects]
  return found


def summary(found: Mapping[str, Any]) -> str:
  """Returns what was found, for people.

  Args:
    found: Of `result`.

  Returns:
    Some lines.
  """
  lines = []
  if found['verdict'] == FOUND:
    bad, good = found['first_bad'], found['last_good']
    lines.append(
        f'first bad {found["axis"]}: {short(bad["value"])} {bad["about"]}'
        .strip()
    )
    lines.append(f'last good: {short(good["value"])} {good["about"]}'.strip())
  else:
    lines.append(f'inconclusive: {found["reason"]}')
    if found['suspects']:
      names = ', '.join(short(one['value']) for one in found['suspects'])
      lines.append(f'the first bad {found["axis"]} is one of: {names}')
  if found['failure']:
    lines.append(f'failure: {found["failure"]}')
  for stage in found['stages']:
    for value, why in stage['skipped'].items():
      lines.append(f'skipped {short(value)}: {why[:200]}')
  sure = f', probability {found["confidence"]:.2f}' if found['noisy'] else ''
  lines.append(f'{found["runs"]} runs, {found["minutes"]} minutes{sure}')
  if found['revert']:
    lines.append(f'revert: {found["revert"]["said"]}')
  return '\n'.join(lines)


def _versions(combination: Mapping[str, str]) -> str:
  """Returns the versions of a combination on one line."""
  tfmot, tensorflow = (
      short(combination[axis]) for axis in (axes.TFMOT, axes.TENSORFLOW)
  )
  told = f'TensorFlow {tensorflow}, TFMOT {tfmot}'
  if (mirror := combination[axes.MIRROR]) != axes.HERE:
    told += f', the mirror of Official Models of {short(mirror)}'
  return told


def _installed(axis: str, value: str) -> str:
  """Returns a version, and whether it is from source or a binary."""
  built = axis == axes.TFMOT and builds.kind_of(value) == builds.COMMIT
  return f'{short(value)} ({"source" if built else "binary"})'


def _counted(found: Mapping[str, Any]) -> Sequence[str]:
  """Returns a line for each candidate that was run."""
  lines = []
  for stage in found['stages']:
    for value in stage['candidates']:
      if value in stage['counts']:
        bad, good = stage['counts'][value]
        lines.append(f'* {short(value)}: failed in {bad} of {bad + good} runs')
  return lines


def issue(found: Mapping[str, Any], reproduce: str) -> str:
  """Returns the text of an issue, in the fields of TFMOT's form.

  Args:
    found: Of `result`.
    reproduce: The command that shows the failure.

  Returns:
    Markdown.
  """
  bad = {**found['bad']}
  good = {**found['good']}
  culprit = 'not known'
  if found['first_bad']:
    bad[found['axis']] = found['first_bad']['value']
    good[found['axis']] = found['last_good']['value']
    culprit = ', '.join(
        f'{short(one["value"])} {one["about"]}'.strip()
        for one in found['suspects']
    )
    if found['axis'] != axes.TFMOT:
      culprit = f'none of TFMOT: it came with {found["axis"]} {culprit}'
    elif found['first_bad']['kind'] != builds.COMMIT:
      culprit = f'between TFMOT {short(good["tfmot"])} and {culprit}'
  lines = [
      '**Describe the bug**',
      '',
      (
          f'`{found["failure"]}` fails with {_versions(bad)} and does not with'
          f' {_versions(good)}.'
      ),
      '',
      '**System information**',
      '',
      (
          'TensorFlow version (installed from source or binary):'
          f' {_installed(axes.TENSORFLOW, bad[axes.TENSORFLOW])}'
      ),
      '',
      (
          'TensorFlow Model Optimization version (installed from source or'
          f' binary): {_installed(axes.TFMOT, bad[axes.TFMOT])}'
      ),
      '',
      f'Python version: {platform.python_version()}',
      '',
      'The behavior was correct previously when using versions:',
      f'- {_versions(good)}',
      f'- (Optional) Commit/PR that introduced the regression: {culprit}',
      '',
      '**Describe the expected behavior**',
      '',
      f'As with {_versions(good)}: it passes.',
      '',
      '**Describe the current behavior**',
      '',
      f'It fails: `{found["failure"]}`.',
      '',
      '**Code to reproduce the issue**',
      '',
      '```shell',
      reproduce,
      '```',
      '',
      '**Screenshots**',
      '',
      'None.',
      '',
      '**Additional context**',
      '',
      (
          f'Found by bisection in {found["runs"]} runs'
          + (
              f', with probability {found["confidence"]:.2f}.'
              if found['noisy']
              else '.'
          )
      ),
      '',
      *_counted(found),
  ]
  if found['revert']:
    lines += ['', f'Revert: {found["revert"]["said"]}.']
  return '\n'.join(lines).rstrip() + '\n'
