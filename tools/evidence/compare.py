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

"""Says of each claim whether fresh runs have reproduced it.

`reproduced` is what every seed shows, or what the sequential test has decided;
`not reproduced` what no seed shows; `inconclusive` what some seeds show and
some do not, or what the sequential test has not decided yet. A known failure is
reproduced when it fails. What depends on the machine is `reported`.
"""

import dataclasses
from typing import Any, Mapping, Sequence

from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import sequential

REPRODUCED = 'reproduced'
NOT_REPRODUCED = 'not reproduced'
INCONCLUSIVE = 'inconclusive'
REPORTED = 'reported'


@dataclasses.dataclass(frozen=True)
class Result:
  """A claim and what became of it.

  Attributes:
    verdict: On all seeds.
    values: What was measured with each seed.
    before: What the contributor's committed record shows, or None.
    word: One of the four.
  """

  verdict: judge.Verdict
  values: Sequence[float]
  before: float | None
  word: str

  @property
  def claim(self) -> claims.Claim:
    """The claim."""
    return self.verdict.claim


@dataclasses.dataclass(frozen=True)
class Test:
  """A convergence test that was run anew.

  Attributes:
    name: Of the test.
    label: Of Bazel.
    shown: The records.
    results: By claim.
    same_weights: Whether seed 1 has the contributor's weights to the last bit;
      None if there is nothing to compare with.
  """

  name: str
  label: str
  shown: pairing.Shown
  results: Sequence[Result]
  same_weights: bool | None

  @property
  def word(self) -> str:
    """The worst word of its claims."""
    return worst([result.word for result in self.results])


def worst(words: Sequence[str]) -> str:
  """Returns one word for several."""
  for word in (NOT_REPRODUCED, INCONCLUSIVE):
    if word in words:
      return word
  return REPRODUCED if REPRODUCED in words else INCONCLUSIVE


def _word(verdict: judge.Verdict, values: Sequence[float]) -> str:
  """Returns what became of a claim."""
  claim = verdict.claim
  if claim.reported:
    return REPORTED
  if verdict.decision and not verdict.same:
    if verdict.decision.word == sequential.UNDECIDED:
      return INCONCLUSIVE
    return REPRODUCED if verdict.good else NOT_REPRODUCED
  if claim.known_failure:
    return REPRODUCED if verdict.good else NOT_REPRODUCED
  if verdict.good:
    return REPRODUCED
  holding = [claim.holds(value) for value in values]
  return INCONCLUSIVE if any(holding) else NOT_REPRODUCED


def _values(claim: claims.Claim, shown: pairing.Shown) -> list[float]:
  """Returns what each seed shows of a claim."""
  controls = shown.controls or [None] * len(shown.runs)
  return [
      claim.measure(run, shown.baseline, control)
      for run, control in zip(shown.runs, controls, strict=True)
  ]


def compare(
    name: str,
    label: str,
    shown: pairing.Shown,
    declared: Sequence[claims.Claim],
    before: Mapping[str, float],
    weights: str | None,
) -> Test:
  """Compares fresh runs with the claims.

  Args:
    name: Of the convergence test.
    label: Of Bazel.
    shown: The fresh records.
    declared: The claims.
    before: By claim, what the contributor's record shows.
    weights: The digest of the weights of that record, or None.

  Returns:
    What became of each claim.

  Raises:
    errors.InputError: The records do not belong together.
  """
  pairing.check(shown)
  by_id = {claim.id: claim for claim in declared}
  results = []
  for verdict in judge.judge(declared, shown):
    claim = by_id.get(verdict.claim.id)
    values = _values(claim, shown) if claim else [verdict.measured]
    results.append(
        Result(
            verdict,
            values,
            before.get(verdict.claim.id),
            _word(verdict, values),
        )
    )
  first = shown.runs[0]
  same = None if weights is None else first.weights == weights
  return Test(name, label, shown, results, same)


def shown_before(
    declared: Sequence[claims.Claim],
    run: record.Record | None,
    baseline: record.Record | None,
    control: record.Record | None,
) -> dict[str, float]:
  """Returns what the contributor's committed records show, by claim."""
  if run is None:
    return {}
  return {claim.id: claim.measure(run, baseline, control) for claim in declared}


def as_dict(test: Test) -> dict[str, Any]:
  """Returns a test for machines."""
  first = test.shown.runs[0]
  return {
      'test': test.name,
      'label': test.label,
      'word': test.word,
      'tier': first.tier,
      'seeds': [run.seed for run in test.shown.runs],
      'weights': [run.weights for run in test.shown.runs],
      'same_weights_as_the_contributor': test.same_weights,
      'versions': first.versions,
      'instruction_set': first.instruction_set,
      'claims': [
          {
              'id': result.claim.id,
              'kind': ', '.join(result.verdict.kinds),
              'documented': result.claim.documented,
              'source': result.claim.source,
              'bound': result.verdict.bound,
              'contributor': result.before,
              'measured': result.verdict.measured,
              'seeds': list(result.values),
              'verdict': result.verdict.word,
              'word': result.word,
          }
          for result in test.results
      ],
  }
