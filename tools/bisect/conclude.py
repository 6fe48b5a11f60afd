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

import pathlib
import platform
from typing import Any, Callable, Mapping

from tfmot_contrib import errors
from tools.base import git
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import hunt as hunts
from tools.bisect import observe
from tools.bisect import search

FOUND, INCONCLUSIVE = 'found', 'inconclusive'
_SHORT = 12  # Digits of a commit.
_NOBODY = ('bisect', 'bisect@tfmot-models.example')
_ISSUE = """\
**Describe the bug**

`{failure}` fails with {bad} and does not with {good}.

**System information**

TensorFlow version (installed from source or binary): {tensorflow}

TensorFlow Model Optimization version (installed from source or binary): {tfmot}

Python version: {python}

The behavior was correct previously when using versions:
- {good}
- (Optional) Commit/PR that introduced the regression: {culprit}

**Describe the expected behavior**

As with {good}: it passes.

**Describe the current behavior**

It fails: `{failure}`.

**Code to reproduce the issue**

```shell
{reproduce}
```

**Screenshots**

None.

**Additional context**

Found by bisection in {runs} runs{sure}.

{counts}{revert}"""


def short(value: str) -> str:
  """Returns a value as people read it: a commit without its checkout."""
  _, at, commit = value.rpartition('@')
  return commit[:_SHORT] if at else value


def _named(candidate: Mapping[str, str]) -> str:
  """Returns a candidate as people read it, with the subject of a commit."""
  return f'{short(candidate["value"])} {candidate["about"]}'.strip()


def revert(checkout: pathlib.Path, guilty: str, bad: str, tells: str) -> str:
  """Makes the branch `revert-COMMIT`, which takes a commit back.

  Args:
    checkout: The git checkout, whose work tree and index are not touched.
    guilty: The commit.
    bad: The commit that the branch starts from.
    tells: What the commit broke, for the message.

  Returns:
    The commit of the branch.

  Raises:
    errors.InputError: It conflicts, or git fails in another way.
  """
  what = f'reverting {guilty[:_SHORT]}'
  with git.work_tree(checkout, bad, what) as tree:
    log = ['log', '-1', '--format=%P%n%s', guilty]
    parents, _, subject = git.text(tree, *log, what=what).partition('\n')
    mainline = ['-m', '1'] if ' ' in parents else []
    command = ['revert', '--no-commit', *mainline, guilty]
    if git.run(tree, *command, what=what, ok=(0, 1, 128)).returncode:
      command = ['diff', '--name-only', '--diff-filter=U']
      conflicts = ', '.join(git.text(tree, *command, what=what).split('\n'))
      raise errors.InputError(
          f'{what} conflicts in {conflicts or "its files"}: do it by hand'
      )
    text = f'Revert "{subject}"\n\nThis reverts commit {guilty}.\n\n{tells}\n'
    name, address = (
        a or b for a, b in zip(git.identity(tree), _NOBODY, strict=True)
    )
    who = ['-c', f'user.name={name}', '-c', f'user.email={address}']
    command = [*who, 'commit', '-q', '--no-verify', '--cleanup=verbatim']
    if git.run(tree, *command, '-m', text, what=what, ok=(0, 1)).returncode:
      raise errors.InputError(f'{guilty[:_SHORT]} was taken back already')
    branch = f'revert-{guilty[:_SHORT]}'
    try:
      git.run(tree, 'branch', '--no-track', branch, what=what)
    except errors.InputError:
      command = ['diff', '--quiet', 'HEAD', f'refs/heads/{branch}', '--']
      differs = git.run(tree, *command, what=what, ok=(0, 1, 128)).returncode
      if differs == 128:  # There is no such branch: git cannot make it.
        raise
      if differs:
        raise errors.InputError(
            f'there is a branch {branch} with something else: rename it'
        ) from None
    return git.resolve(tree, f'refs/heads/{branch}', what)


def result(hunt: hunts.Hunt, reason: str) -> dict[str, Any]:
  """Returns all that was found, for machines.

  Args:
    hunt: The hunt, which ended.
    reason: Why it is inconclusive, or ''.

  Returns:
    What becomes `result.json`.
  """
  last = next((s for s in reversed(hunt.stages) if s.bad is not None), None)
  if not reason and last and len(last.suspects) > 1:
    reason = 'candidates between the last good and the first bad one could not'
    reason += ' be tested'
  try:
    tells, counts = str(hunt.tells), hunt.counts
  except observe.InconclusiveError:  # What is bad is not known any more.
    tells, counts = '', lambda _: search.Counts()
  runs = hunt.state.runs
  return {
      'schema': 2,
      'verdict': INCONCLUSIVE if reason else FOUND,
      'reason': reason,
      'failure': tells,
      **hunt.state.request,
      'axis': last.axis if last else '',
      'last_good': last.good._asdict() if last and last.good else None,
      'first_bad': last.bad._asdict() if last and last.bad else None,
      'suspects': [one._asdict() for one in last.suspects] if last else [],
      'confidence': round(last.confidence, 4) if last else 0.0,
      'noisy': hunt.noisy,
      'runs': len(runs),
      'minutes': round(sum(run.seconds for run in runs) / 60, 2),
      'stages': [_stage(stage, counts) for stage in hunt.stages],
      'revert': None,
  }


def _stage(
    stage: hunts.Stage, counts: Callable[[axes.Combination], search.Counts]
) -> dict[str, Any]:
  """Returns a stage for machines: how often what was bad and good, and why."""
  values = [one.value for one in stage.candidates]
  counted = map(counts, stage.combinations())
  return {
      'axis': stage.axis,
      'why': stage.why,
      'candidates': values,
      'skipped': {values[i]: why for i, why in stage.skipped.items()},
      'counts': {
          value: list(count)
          for value, count in zip(values, counted, strict=True)
          if count.total
      },
  }


def summary(found: Mapping[str, Any]) -> str:
  """Returns what was found, for people.

  Args:
    found: Of `result`.

  Returns:
    Some lines.
  """
  axis = found['axis']
  if found['verdict'] == FOUND:
    lines = [f'first bad {axis}: {_named(found["first_bad"])}']
    lines.append(f'last good: {_named(found["last_good"])}')
  else:
    lines = [f'inconclusive: {found["reason"]}']
    if found['suspects']:
      names = ', '.join(short(one['value']) for one in found['suspects'])
      lines.append(f'the first bad {axis} is one of: {names}')
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
  values = {axis: short(value) for axis, value in combination.items()}
  text = f'TensorFlow {values[axes.TENSORFLOW]}, TFMOT {values[axes.TFMOT]}'
  if (mirror := values[axes.MIRROR]) != axes.HERE:
    text += f', the mirror of Official Models of {mirror}'
  return text


def _culprit(found: Mapping[str, Any], good: Mapping[str, str]) -> str:
  """Returns what is known of the commit that is to blame."""
  if not found['first_bad']:
    return 'not known'
  suspects = ', '.join(_named(one) for one in found['suspects'])
  if found['axis'] != axes.TFMOT:
    return f'none of TFMOT: it came with {found["axis"]} {suspects}'
  if builds.kind_of(found['first_bad']['value']) != builds.COMMIT:
    return f'between TFMOT {short(good[axes.TFMOT])} and {suspects}'
  return suspects


def _reproduce(found: Mapping[str, Any], bad: Mapping[str, str]) -> str:
  """Returns the command that shows the failure with a combination."""
  if found['command']:
    places = ', '.join(f'{k} {short(v)}' for k, v in bad.items())
    return f'{found["command"]}  # Its places are those of {places}.'
  tfmot = bad[axes.TFMOT]
  if '@' in tfmot:
    tfmot = f'/path/of/model-optimization@{short(tfmot)}'
  mirror = ''
  if bad[axes.MIRROR] != axes.HERE:
    mirror = f'git checkout {bad[axes.MIRROR]} -- official && '
  return (
      f'{mirror}bazel test --repo_env=TFMOT={tfmot}'
      f' --repo_env=TENSORFLOW={bad[axes.TENSORFLOW]}'
      f' --repo_env=TFMOT_CLASHES=ignore {found["target"]} --test_output=all'
  )


def issue(found: Mapping[str, Any]) -> str:
  """Returns the text of an issue, in the fields of TFMOT's form.

  Args:
    found: Of `result`.

  Returns:
    Markdown.
  """
  bad, good = {**found['bad']}, {**found['good']}
  if found['first_bad']:
    bad[found['axis']] = found['first_bad']['value']
    good[found['axis']] = found['last_good']['value']
  built = builds.kind_of(bad[axes.TFMOT]) == builds.COMMIT
  counts = [
      f'* {short(value)}: failed in {failed} of {failed + passed} runs\n'
      for stage in found['stages']
      for value, (failed, passed) in stage['counts'].items()
  ]
  noisy, reverted = found['noisy'], found['revert']
  text = _ISSUE.format(
      failure=found['failure'],
      bad=_versions(bad),
      good=_versions(good),
      tensorflow=f'{short(bad[axes.TENSORFLOW])} (binary)',
      tfmot=f'{short(bad[axes.TFMOT])} ({"source" if built else "binary"})',
      python=platform.python_version(),
      culprit=_culprit(found, good),
      reproduce=_reproduce(found, bad),
      runs=found['runs'],
      sure=f', with probability {found["confidence"]:.2f}' if noisy else '',
      counts=''.join(counts),
      revert=f'\nRevert: {reverted["said"]}.\n' if reverted else '',
  )
  return text.rstrip() + '\n'
