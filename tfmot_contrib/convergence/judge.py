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

"""Judges claims: whether what runs have shown is within what was promised.

A number that is exact is compared with the bound of its claim. A drop of
accuracy is noise too: where there is a reference for this kind of processor,
the sequential test decides (`sequential.py`), and where it could not tell after
its last seed, as with a wide reference, the bound of the claim; without one,
that bound alone decides. What was the same for all seeds of a reference must be
the same now, on any processor.
"""

import dataclasses
import datetime
import math
from typing import Any, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import reference as reference_lib
from tfmot_contrib.convergence import sequential

# Drops that are judged in one night share its false alarms; rounded up.
PLAN = sequential.Plan(tests=50)
SAME = 'pass (same weights)'
INVALID = 'invalid'
_PASSES = (
    SAME,
    sequential.PASS,
    sequential.GREY,
    sequential.IMPROVED,
)


@dataclasses.dataclass(frozen=True)
class Verdict:
  """A claim and how it fares.

  Attributes:
    claim: The claim.
    measured: What was measured: of several runs the first that is not within
      the bound, of drops that are tested their mean.
    holds: Whether the claim does.
    decision: Of the sequential test, where it was asked.
    noise: What that knew of the reference.
    same: Whether weights and drops are those of the reference, bit by bit.
    differences: From the reference: path, expected, got.
    seed: The first that is not within the bound; of drops that are tested the
      last that was looked at; else 0.
    invalid: Why nothing can be said of the claim, or nothing.
    today: When it was judged.
  """

  claim: claims.Claim
  measured: float
  holds: bool
  decision: sequential.Decision | None = None
  noise: sequential.Noise | None = None
  same: bool = False
  differences: Sequence[tuple[str, Any, Any]] = ()
  seed: int = 0
  invalid: str = ''
  today: datetime.date = dataclasses.field(default_factory=datetime.date.today)

  @property
  def good(self) -> bool:
    """Whether it is as expected: a known failure is expected to fail."""
    if self.invalid:
      return False
    if self.claim.known_failure:
      return not self.holds and not self._expired
    return self.claim.reported or self.holds

  @property
  def word(self) -> str:
    """The verdict in a word or two."""
    if self.invalid:
      return INVALID
    if self.claim.reported:
      return 'reported'
    if self.claim.known_failure:
      if self.holds:
        return 'MENDED'
      return 'EXPIRED' if self._expired else 'known failure'
    if self.same:
      return SAME
    if self.decision and not self.beyond:
      word = self.decision.word
      return word if word in _PASSES else word.upper()
    return 'pass' if self.holds else 'FAIL'

  @property
  def kinds(self) -> list[str]:
    """Of which kinds the claim is, or what of a reference was not met."""
    if self.claim.kind:
      return [self.claim.kind]
    return sorted({claims.kind_of(path) for path, _, _ in self.differences})

  @property
  def beyond(self) -> bool:
    """Whether the sequential test lets pass what is beyond the bound."""
    return bool(
        self.decision and self.decision.word in _PASSES and not self.holds
    )

  @property
  def bound(self) -> str:
    """What was compared with, as text."""
    if self.noise and not self.beyond:
      return f'as {self.noise.mean:.2f} +- {self.noise.deviation:.2f}'
    return self.claim.bound

  @property
  def _expired(self) -> bool:
    """Whether a known failure should have been looked at again."""
    return self.today > self.claim.known_failure.until


def invalid(claim: claims.Claim, why: str) -> Verdict:
  """Returns the verdict on a claim where nothing can be said of it.

  Args:
    claim: The claim.
    why: What does not belong together, in a line.

  Returns:
    A verdict that is never good.
  """
  return Verdict(claim, math.nan, False, invalid=why)


def judge(
    declared: Sequence[claims.Claim], shown: pairing.Shown
) -> list[Verdict]:
  """Judges each claim.

  Args:
    declared: The claims.
    shown: What they are judged by.

  Returns:
    A verdict for each claim, in their order, and where there is a reference one
    more for what must be as in it.

  Raises:
    errors.InputError: A metric is missing, or a reference has no such drops.
  """
  verdicts = []
  for claim in declared:
    controls = shown.controls or [None] * len(shown.runs)
    values = [
        claim.measure(run, shown.baseline, control)
        for run, control in zip(shown.runs, controls, strict=True)
    ]
    if claim.relation == 'drop' and shown.statistical:
      verdicts.append(_tested(claim, values, shown))
    else:
      claim = _elsewhere(claim, shown)
      bad = {
          run.seed: value
          for run, value in zip(shown.runs, values, strict=True)
          if not claim.holds(value)
      }
      went_wrong = [
          found
          for run in shown.runs
          for found in claim.differences(run, shown.baseline)
      ]
      seed, value = next(iter(bad.items()), (0, values[0]))
      verdicts.append(
          Verdict(claim, value, not bad, differences=went_wrong, seed=seed)
      )
  if shown.reference:
    verdicts += _as_reference(shown, declared)
  return verdicts


def _noise(claim: claims.Claim, shown: pairing.Shown) -> sequential.Noise:
  """Returns what the reference knows of a drop."""
  of = shown.reference.drops_of.get(claim.id)
  if of != claim.difference:
    raise errors.InputError(
        f'the reference of {shown.reference.test} has drops of'
        f' {of or "something else"}, {claim.id} is of {claim.difference}: make'
        f' it with tools/nox -s reference -- {shown.reference.test}'
    )
  return shown.reference.noise(claim.id, shown.family)


def _elsewhere(claim: claims.Claim, shown: pairing.Shown) -> claims.Claim:
  """Returns a claim for where the noise of these runs is not known.

  On another TensorFlow or processor there is no sequential test. A drop that
  its reference does not admit would fail there by its noise alone: what it
  admits is the bound then.

  Args:
    claim: A claim.
    shown: What it is judged by.

  Returns:
    The claim, a drop with no less than its reference admits.
  """
  known = shown.reference and shown.controls and not claim.known_failure
  if claim.relation != 'drop' or not known:
    return claim
  admits = round(_noise(claim, shown).admits(PLAN), 2)
  return dataclasses.replace(claim, at_most=max(claim.at_most, admits))


def _tested(
    claim: claims.Claim, drops: Sequence[float], shown: pairing.Shown
) -> Verdict:
  """Lets the sequential test judge a drop."""
  noise = _noise(claim, shown)
  try:
    decision = sequential.decide(drops, noise, PLAN)
  except ValueError as error:
    raise errors.InputError(
        f'{claim.id} of {shown.reference.test} cannot be judged: {error}'
    ) from error
  used = drops[: len(decision.path)]
  same = bool(shown.controls) and all(
      any(
          (run.weights, control.weights) == (seed.weights, seed.control)
          and math.isclose(drop, seed.drops.get(claim.id, math.nan))
          for seed in shown.reference.seeds
      )
      for run, control, drop in zip(
          shown.runs, shown.controls, drops, strict=True
      )
  )
  mean = sum(used) / len(used)
  within = decision.word != sequential.GREY or claim.holds(mean)
  holds = same or (decision.word in _PASSES and within)
  if claim.known_failure:  # As the reference is no news: that failed too.
    holds = claim.holds(mean)
  return Verdict(
      claim,
      mean,
      holds,
      decision=decision,
      noise=noise,
      same=same,
      seed=shown.runs[len(used) - 1].seed,
  )


def _as_reference(
    shown: pairing.Shown, declared: Sequence[claims.Claim]
) -> list[Verdict]:
  """Compares all runs with what the reference expects of each."""
  exact, near = {}, {}
  same = shown.comparable
  some = {kind for claim in declared for kind in claim.moves_some}
  for run in shown.runs:
    exact[run.seed] = likeness.differences(shown.reference, run, same, some)
    if same:
      near[run.seed] = likeness.far(shown.reference, shown.family, run)
  band = f'{100 * likeness.SIZE_BAND:g} %'
  return [
      _expected(
          'as_reference',
          'What all seeds of the reference had in common, and sizes within'
          f' {band} both ways.',
          exact,
          shown.reference,
      ),
      _expected(
          'near_reference',
          'Scales, and how far kernels moved, as for the seeds of the'
          ' reference.',
          near,
          shown.reference,
      ),
  ]


def _expected(
    name: str,
    reason: str,
    differences: Mapping[int, Sequence[tuple[str, Any, Any]]],
    reference: reference_lib.Reference,
) -> Verdict:
  """Returns the verdict on differences by seed, of which must be none."""
  claim = claims.Claim(
      id=name,
      kind='',
      metric='differences',
      relation='value',
      against='differences',
      at_most=0,
      at_least=None,
      source=f'the reference of {reference.test}',
      reason=reason,
      documented='as on a good stack',
      tiers=(reference.tier,),
  )
  found = [one for of_seed in differences.values() for one in of_seed]
  seed = next((seed for seed, bad in differences.items() if bad), 0)
  return Verdict(claim, len(found), not found, differences=found, seed=seed)
