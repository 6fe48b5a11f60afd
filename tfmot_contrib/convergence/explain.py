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

"""Why a verdict is not good, and what to do: the text of a red test.

It names the claim, the number and its bound, the layers that stand out, and the
command that shows the same seed again, with the TFMOT and TensorFlow of now.
"""

import dataclasses
import pathlib
import re
import shlex
import statistics
from typing import Mapping, Sequence

from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import sequential

# What the environment is made by: docs/versions.md.
_SETTINGS = (
    'TENSORFLOW',
    'TFMOT',
    'TFMOT_CHANNEL',
    'TFMOT_CLASHES',
    'TFMOT_OVERLAY',
)
_SMOKE = '_smoke'
_SHOWN_DIFFERENCES = 10
_SHOWN_LAYERS = 5
# By words in the name of an invariant, which number of a kernel it is about.
_OF_KERNELS = (
    (re.compile('zeros|sparsity|blocks|groups|emptied'), 'zeros'),
    (re.compile('scales'), 'scales'),
    (re.compile('clusters|distinct|values'), 'distinct_per_channel'),
)


@dataclasses.dataclass(frozen=True)
class Again:
  """What it takes to run a test again.

  Attributes:
    target: Its label.
    settings: Environment variables that say which TFMOT and TensorFlow, as far
      as they are not the default.
  """

  target: str
  settings: Mapping[str, str] = dataclasses.field(default_factory=dict)

  def command(self, seed: int) -> str:
    """Returns the command that shows a seed again, for a shell."""
    words = [f'{k}={shlex.quote(v)}' for k, v in sorted(self.settings.items())]
    if seed > 1 and self.target.endswith(_SMOKE):
      words.append(f'bazel build {self.target}_seed{seed}_record')
    elif seed > 1:  # It draws the same seeds.
      words.append(f'tools/nox -s converge -- {self.target}')
    else:
      words.append(f'bazel test {self.target} --test_output=all')
    return ' '.join(words)


def chosen(environ: Mapping[str, str]) -> dict[str, str]:
  """Returns the settings of the environment that are not the default."""
  return {key: environ[key] for key in _SETTINGS if environ.get(key)}


def settings_of(path: pathlib.Path | None) -> dict[str, str]:
  """Returns the settings of a file with a `NAME=VALUE` in each line."""
  lines = path.read_text(encoding='utf-8').splitlines() if path else ()
  return chosen(dict(line.split('=', 1) for line in lines if line))


def explain(
    verdict: judge.Verdict,
    technique: str,
    again: Again,
    runs: Sequence[record.Record] = (),
) -> str:
  """Returns why a verdict is not good, and what to do.

  Args:
    verdict: The verdict.
    technique: The technique.yaml of its claim.
    again: How to run the test again.
    runs: What was judged.

  Returns:
    Some lines.
  """
  claim = verdict.claim
  of_seed = f', seed {verdict.seed}' if verdict.seed else ''
  lines = [
      f'{claim.id}{of_seed}: {claim.metric} as {claim.relation} is'
      f' {verdict.measured:.6g}, bound {verdict.bound}. {claim.reason} Source:'
      f' {claim.source}'
  ]
  if claim.known_failure:
    known = claim.known_failure
    what = 'is mended: take' if verdict.holds else 'is past its day: renew'
    lines.append(
        f'It was a known failure ({known.issue}, {known.owner}, until'
        f' {known.until}) and {what} known_failure in {technique}.'
    )
  if verdict.decision:
    path = ', '.join(f'{growth:+.1f}' for growth in verdict.decision.path)
    lines.append(f'Mean growth after each seed, in deviations: {path}.')
    if verdict.decision.word == sequential.UNDECIDED:
      lines.append(
          f'It takes another seed: {again.command(2)} trains as many as the'
          ' test asks for.'
      )
  for run in runs:
    if run.seed == verdict.seed:
      lines += layers(claim, run)
  for path, expected, got in verdict.differences[:_SHOWN_DIFFERENCES]:
    lines.append(f'  {path}: expected {expected}, got {got}')
  if (more := len(verdict.differences) - _SHOWN_DIFFERENCES) > 0:
    lines.append(f'  and {more} more')
  lines.append(f'To see it again: {again.command(verdict.seed)}')
  return '\n'.join(lines)


def layers(claim: claims.Claim, run: record.Record) -> list[str]:
  """Returns the layers that stand out where a number of all of them is wrong.

  Args:
    claim: The claim.
    run: The run that does not hold it.

  Returns:
    A line for each of the covered kernels that are the farthest from most of
    them; none if the claim is not of kernels.
  """
  of, kind, *_ = f'{claim.metric}.'.split('.')
  name = claim.metric.rpartition('.')[2]
  field = None
  if of == 'exported' and '.kernels.' in claim.metric:
    field = name
  elif of == 'invariants':
    kind = next(iter(run.exported), '')
    field = next((f for words, f in _OF_KERNELS if words.search(name)), None)
  kernels = run.exported.get(kind, {}).get('kernels', ())
  covered = run.invariants.get('covered')
  parts = {
      kernel['name']: (
          kernel[field] / (kernel['size'] if field == 'zeros' else 1)
      )
      for kernel in kernels
      if field in kernel and (covered is None or kernel['name'] in covered)
  }
  if not parts:
    return []
  middle = statistics.median(parts.values())
  far = sorted(parts, key=lambda layer: -abs(parts[layer] - middle))
  by_name = {kernel['name']: kernel for kernel in kernels}
  return [
      f'  {kind}, layer {layer}: {field} {by_name[layer][field]} of'
      f' {by_name[layer]["size"]} weights'
      for layer in far[:_SHOWN_LAYERS]
  ]
