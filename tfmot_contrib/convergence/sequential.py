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

"""The sequential test: is an accuracy drop that of the reference, or larger?

What a technique costs in accuracy is noisy, and a training costs minutes. So a
drop is compared with the drops that the same experiment had on a stack known to
be good, one seed after another, and the test stops as soon as it can tell:
Wald's sequential probability ratio test (Sequential tests of statistical
hypotheses, 1945), truncated, and with a reference that is an estimate itself.

All drops are in points of accuracy, float control minus technique, paired by
seed.
"""

import dataclasses
import math
from typing import Sequence

import numpy as np
from scipy import optimize
from scipy import stats

PASS = 'pass'
GREY = 'pass (grey)'
IMPROVED = 'improved'
FAIL = 'fail'
UNDECIDED = 'undecided'


@dataclasses.dataclass(frozen=True)
class Plan:
  """What the test may get wrong, and what it may cost.

  Attributes:
    tests: How many tests share the false alarms of `suite_alpha`.
    suite_alpha: The chance that any of them fails with nothing wrong.
    beta: The chance that a drop grown by `delta` passes.
    delta: The growth to find, in standard deviations of a drop.
    at_most: Seeds.
    at_least_to_fail: Seeds that must lie beyond half of `delta`, so that one
      bad run never fails a test, nor two where the tails of noise are heavy.
  """

  tests: int = 1
  suite_alpha: float = 0.01
  beta: float = 0.01
  delta: float = 4.0
  at_most: int = 5
  at_least_to_fail: int = 3

  @property
  def alpha(self) -> float:
    """The chance that one test fails with nothing wrong."""
    return self.suite_alpha / self.tests


@dataclasses.dataclass(frozen=True)
class Noise:
  """What is known of a drop on a good stack.

  Attributes:
    mean: Of the reference's drops.
    deviation: The standard deviation of one drop.
    seeds: How many drops the mean is of.
    freedom: Degrees of freedom of the deviation, which may be pooled over more.
  """

  mean: float
  deviation: float
  seeds: int
  freedom: int

  def admits(self, plan: Plan, confidence: float = 0.99) -> float:
    """Returns the least documented drop that these drops can stand for.

    Args:
      plan: Of the test.
      confidence: That the true mean is not above the first two terms.

    Returns:
      In points: the mean, its error and what the test can overlook.
    """
    error = stats.t.ppf(confidence, self.freedom) / math.sqrt(self.seeds)
    return self.mean + (error + plan.delta) * self.deviation

  def finds(self, plan: Plan, power: float = 0.98) -> float:
    """Returns the growth of the drop that the test finds nearly always.

    A growth that lasts through all seeds fails if its mean is beyond the last
    bound, in deviations that are an estimate: it has Student's noncentral
    distribution. What few seeds know little of must grow by more than `delta`.

    Args:
      plan: Of the test.
      power: The chance to find it.

    Returns:
      In points; at least `delta`.
    """
    error = math.sqrt(1 / plan.at_most + 1 / self.seeds)
    end = bounds(self, plan).fails[-1] / error

    def missing(growth: float) -> float:
      return power - stats.nct.sf(end, self.freedom, growth / error)

    least = most = plan.delta
    while missing(most) > 0:
      least, most = most, 2 * most
    found = optimize.brentq(missing, least, most) if most > least else most
    return found * self.deviation


@dataclasses.dataclass(frozen=True)
class Bounds:
  """Where the test stops: growths in deviations, by the number of seeds.

  Attributes:
    passes: At or below it the drop has not grown, [seeds].
    fails: At or above it the drop has grown, [seeds].
    improves: At or below it the drop has become smaller, [seeds].
  """

  passes: np.ndarray
  fails: np.ndarray
  improves: np.ndarray


@dataclasses.dataclass(frozen=True)
class Decision:
  """What the test says after some seeds.

  Attributes:
    word: One of the constants of this module.
    path: Mean growth after each seed that was looked at, in deviations.
    bounds: Where the path could have ended.
  """

  word: str
  path: tuple[float, ...]
  bounds: Bounds


def pooled(groups: Sequence[Sequence[float]]) -> tuple[float, int]:
  """Returns the deviation that groups with means of their own share.

  Args:
    groups: Drops by experiment, each of at least one; nothing is trimmed.

  Returns:
    The sample standard deviation and its degrees of freedom.

  Raises:
    ValueError: No group has two drops.
  """
  freedom = sum(len(group) - 1 for group in groups)
  if freedom < 1:
    raise ValueError('a deviation needs two seeds of one experiment')
  squares = sum(float(np.var(group)) * len(group) for group in groups)
  return math.sqrt(squares / freedom), freedom


def bounds(noise: Noise, plan: Plan) -> Bounds:
  """Returns where the test stops.

  The log likelihood ratio of a mean growth m after k seeds is
  delta (m - delta / 2) / v with v = 1 / k + 1 / seeds of the reference, whose
  error is common to all k. Wald's limits for it are solved for m. The upper one
  is widened from the normal to Student's distribution, since the deviation is
  an estimate; after the last seed it is the plain quantile of that.

  Args:
    noise: The reference.
    plan: Of the test.

  Returns:
    The bounds, each of `plan.at_most` numbers.
  """
  seeds = np.arange(1, plan.at_most + 1)
  variance = 1 / seeds + 1 / noise.seeds
  error = np.sqrt(variance)
  lower = math.log(plan.beta / (1 - plan.alpha))
  upper = math.log((1 - plan.beta) / plan.alpha)
  normal = (plan.delta / 2 + upper * variance / plan.delta) / error
  grown = stats.t.isf(stats.norm.sf(normal), noise.freedom) * error
  end = stats.t.isf(plan.alpha, noise.freedom) * error[-1]
  grown[-1] = max(plan.delta / 2, min(grown[-1], end))
  fails = np.where(seeds < plan.at_least_to_fail, np.inf, grown)
  passes = plan.delta / 2 + lower * variance / plan.delta
  return Bounds(passes=passes, fails=fails, improves=-grown)


def words(growths: np.ndarray, limits: Bounds, plan: Plan) -> np.ndarray:
  """Returns the state of many tests after each of their seeds.

  Args:
    growths: Of single seeds in deviations, [tests, seeds].
    limits: Where a test stops.
    plan: Of the test.

  Returns:
    Constants of this module, [tests, seeds]. The first that is not `UNDECIDED`
    is the decision of a test.
  """
  seeds = np.arange(1, growths.shape[1] + 1)
  mean = np.cumsum(growths, axis=1) / seeds
  beyond = np.cumsum(growths > plan.delta / 2, axis=1)
  grown = mean >= limits.fails[: len(seeds)]
  return np.select(
      [
          grown & (beyond >= plan.at_least_to_fail),
          mean <= limits.improves[: len(seeds)],
          mean <= limits.passes[: len(seeds)],
          np.broadcast_to(seeds == plan.at_most, mean.shape),
      ],
      [FAIL, IMPROVED, PASS, GREY],
      UNDECIDED,
  )


def decide(drops: Sequence[float], noise: Noise, plan: Plan) -> Decision:
  """Judges the drops of seeds, in their order.

  Args:
    drops: At least one, in points. Those after the decision are ignored.
    noise: The reference.
    plan: Of the test.

  Returns:
    The decision; `UNDECIDED` asks for another seed.

  Raises:
    ValueError: There are no drops, one is not finite, or the deviation is 0.
  """
  values = np.asarray(drops, float)[: plan.at_most]
  if not values.size or not np.all(np.isfinite(values)):
    raise ValueError(f'no finite drops: {list(drops)}')
  if not noise.deviation > 0:
    raise ValueError('the deviation of the reference is 0')
  growths = (values - noise.mean) / noise.deviation
  limits = bounds(noise, plan)
  (states,) = words(growths[None], limits, plan)
  decided = np.flatnonzero(states != UNDECIDED)
  used = int(decided[0]) + 1 if decided.size else len(values)
  path = np.cumsum(growths[:used]) / np.arange(1, used + 1)
  return Decision(str(states[used - 1]), tuple(path.tolist()), limits)
