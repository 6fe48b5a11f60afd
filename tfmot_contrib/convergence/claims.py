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

"""Claims: what is documented of a technique, and what a run must show of it.

They are declared in the `technique.yaml` of a folder, by the name of the
convergence test, each with its source, its bound and the reason for the bound.
"""

import dataclasses
import datetime
import math
import pathlib
from typing import Any, Mapping, Sequence

import yaml

from tfmot_contrib import errors
from tfmot_contrib.convergence import fidelity
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import schema

ACCURACY = 'accuracy'
STRUCTURE = 'structure'
DEPLOYMENT = 'deployment'
TRAINING_HEALTH = 'training health'

# In a path, of a list of kernels: the largest number of a covered layer.
_MOST = 'most'
# Words of what a model is stored as and runs in, next to its weights.
_AS_STORED = frozenset([
    'densify',
    'float',
    'int16',
    'int8',
    'quantized',
    'ranges',
    'scales',
    'unexplained',
])
_SCHEMA = pathlib.Path(__file__).parent / 'claims_schema.json'


def kind_of(metric: str) -> str:
  """Returns the kind of one of many numbers that are compared at once.

  Claims declare their kind. Where a run is compared with a reference, or what
  was exported with what was trained, there are hundreds of numbers.

  Args:
    metric: A path into the record.

  Returns:
    `ACCURACY`; `STRUCTURE`, of the weights in exported models; `DEPLOYMENT`, of
    how those are stored and run; or `TRAINING_HEALTH`, of the way there.
  """
  part, _, last = metric.partition('.')
  last = last.rpartition('.')[2]
  if last.endswith(('accuracy', 'keras_gap')):
    return ACCURACY
  if part in ('batches', 'health', 'keras') or last == 'moved':
    return TRAINING_HEALTH
  if _AS_STORED & set(last.split('_')):
    return DEPLOYMENT
  if '.kernels.' in metric:
    return STRUCTURE
  return DEPLOYMENT if part == 'exported' else STRUCTURE


@dataclasses.dataclass(frozen=True)
class KnownFailure:
  """Why a claim does not hold, and until when that is accepted.

  Attributes:
    issue: The upstream issue.
    owner: Who looks after it.
    until: The day after which the claim fails, so that somebody looks again.
  """

  issue: str
  owner: str
  until: datetime.date


@dataclasses.dataclass(frozen=True)
class Claim:
  """One documented benefit or accuracy.

  Attributes:
    id: A name that is unique in its test.
    kind: `ACCURACY`, `STRUCTURE`, `DEPLOYMENT` or `TRAINING_HEALTH`; '' where
      many numbers are compared, and those that differ tell (`kind_of`).
    metric: A path into the run record, such as `exported.float.accuracy`.
    relation: `value`; `drop`, the float control's minus the run's; `ratio`, the
      run's divided by the baseline's; `health`, in how much the training went
      another way than `moves` and `stays` say; `fidelity`, in how much what was
      exported is not what was trained.
    against: The metric of the control or baseline that `drop` and `ratio` take.
    at_most: The upper bound, or None; `for_noise` is added to what is declared.
    at_least: The lower bound, or None.
    source: Where it is documented.
    reason: Why the bound is what it is.
    documented: What the source says, in words and numbers.
    tiers: Where it is judged.
    known_failure: Why it does not hold, or None. Such a claim must fail, so
      that a mend is seen.
    reported: Whether it is shown and decides nothing, as what depends on the
      machine: latency.
    for_noise: How much of the upper bound is there because the seeds do not
      admit what is documented.
    moves: Kinds of variables that training must move, next to what is trained.
    stays: Those that it must not.
    moves_some: Of which it must move one at least, and in which tiers.
  """

  id: str
  kind: str
  metric: str
  relation: str
  against: str
  at_most: float | None
  at_least: float | None
  source: str
  reason: str
  documented: str
  tiers: tuple[str, ...]
  known_failure: KnownFailure | None = None
  reported: bool = False
  for_noise: float = 0.0
  moves: tuple[str, ...] = ()
  stays: tuple[str, ...] = ()
  moves_some: Mapping[str, Sequence[str]] = dataclasses.field(
      default_factory=dict
  )

  @property
  def difference(self) -> str:
    """What a drop is the difference of, as text."""
    return f'{self.against} - {self.metric}'

  @property
  def bound(self) -> str:
    """The bound as text."""
    if self.at_least is None:
      return f'<= {self.at_most:g}'
    if self.at_most is None:
      return f'>= {self.at_least:g}'
    if self.at_most == self.at_least:
      return f'= {self.at_most:g}'
    return f'{self.at_least:g} to {self.at_most:g}'

  def measure(
      self,
      run: record.Record,
      baseline: record.Record | None,
      control: record.Record | None = None,
  ) -> float:
    """Returns what the records show.

    Args:
      run: The run to judge.
      baseline: The float run that it started from.
      control: The float run that was trained as much. Where nothing is trained
        it is the baseline.

    Returns:
      The number to compare with the bound.

    Raises:
      errors.InputError: A record does not have the metric.
    """
    if self.relation in ('health', 'fidelity'):
      return len(self.differences(run, baseline))
    value = _lookup(run, self.metric)
    if self.relation == 'value':
      return value
    if baseline is None:
      raise errors.InputError(
          f'the claim {self.id} is a {self.relation}: it needs --baseline'
      )
    if self.relation == 'drop':
      return _lookup(control or baseline, self.against) - value
    before = _lookup(baseline, self.against)
    if not before:
      raise errors.InputError(
          f'the claim {self.id} is a ratio to 0: {self.against} of the baseline'
      )
    return value / before

  def differences(
      self, run: record.Record, baseline: record.Record | None
  ) -> list[tuple[str, Any, Any]]:
    """Returns what a claim of many numbers finds wrong.

    Args:
      run: The run to judge.
      baseline: The float run that it started from, or None.

    Returns:
      Path into the record, expected and got; of `health` and `fidelity` alone.
    """
    if self.relation == 'fidelity':
      return fidelity.strays(run, baseline)
    return self._unhealthy(run) if self.relation == 'health' else []

  def _unhealthy(self, run: record.Record) -> list[tuple[str, Any, Any]]:
    """Returns in what a training went another way than it should.

    Args:
      run: The run to judge.

    Returns:
      Path into the record, expected and got, for each kind of variables; and
      for each exported model whose zeros are not all from training.
    """
    if not run.training['steps']:
      return []
    kinds = run.health.get('kinds', {})
    wanted = {
        kind: seen['of']
        for kind, seen in kinds.items()
        if kind.endswith('(trainable)')
    }
    wanted |= {
        kind: kinds.get(kind, {}).get('of', 'some') for kind in self.moves
    }
    wanted |= {kind: 0 for kind in self.stays if kind in kinds}
    moved = {kind: max(seen['moved']) for kind, seen in kinds.items()}
    found = [
        (f'health.kinds.{kind}.moved', count, moved.get(kind))
        for kind, count in sorted(wanted.items())
        if moved.get(kind) != count
    ]
    found += [
        (f'health.kinds.{kind}.moved', 'some', 0)
        for kind, tiers in self.moves_some.items()
        if run.tier in tiers and moved.get(kind) == 0 and kinds[kind]['of'] > 1
    ]
    if (broken := run.health.get('not_finite')) != 0:
      found.insert(0, ('health.not_finite', 0, broken))
    return found + _healed(run)

  def holds(self, measured: float) -> bool:
    """Tells whether a number is within the bound; NaN never is."""
    low = -math.inf if self.at_least is None else self.at_least
    return (
        low <= measured <= (math.inf if self.at_most is None else self.at_most)
    )


def _healed(run: record.Record) -> list[tuple[str, Any, Any]]:
  """Returns where an exported model has zeros that training did not leave.

  TFMOT's layers apply their masks whenever they are called. Training looks at
  its weights after the last step; the evaluation that follows would put a mask
  right that training had not applied, and the export would not show it.

  Args:
    run: The run to judge.

  Returns:
    As `Claim.differences`: expected are the zeros of the exported model.
  """
  kinds = run.health.get('kinds', {})
  if 'mask' not in kinds:
    return []
  path = 'kernel (trainable)'
  trained = sum(
      seen['zeros'][-1] for kind, seen in kinds.items() if kind.endswith(path)
  )
  zeros = [
      sum(kernel['zeros'] for kernel in model.get('kernels', ()))
      for model in run.exported.values()
      if not model['integer_share']  # Integers round others to zero.
  ]
  return [
      (f'health.kinds.{path}.zeros', n, trained) for n in zeros if n > trained
  ]


def _most(
    kernels: Sequence[Mapping[str, Any]], covered: Sequence[str] | None
) -> dict[str, Any]:
  """Returns the largest of each number of the kernels that are covered."""
  layers = [k for k in kernels if covered is None or k['name'] in covered]
  return {
      key: max(layer[key] for layer in layers)
      for key in (layers[0] if layers else ())
      if key not in ('name', 'operator')
  }


def _lookup(run: record.Record, metric: str) -> float:
  """Returns the number at a path of a record."""
  value: Any = dataclasses.asdict(run)
  for part in metric.split('.'):
    if part == _MOST and isinstance(value, list):
      value = _most(value, run.invariants.get('covered'))
      continue
    if not isinstance(value, dict) or part not in value:
      raise errors.InputError(
          f'the record of {run.experiment} has no {metric}: mend the metric in'
          ' technique.yaml, or run its target again'
      )
    value = value[part]
  if isinstance(value, bool) or not isinstance(value, (int, float)):
    raise errors.InputError(
        f'{metric} of {run.experiment} is {value!r}, not a number'
    )
  return float(value)


def read_technique(path: str) -> dict[str, Any]:
  """Reads a technique.yaml.

  Args:
    path: The file.

  Returns:
    Its contents, checked against `claims_schema.json`.

  Raises:
    errors.InputError: It is missing, no YAML, or breaks the schema.
  """
  try:
    technique = yaml.safe_load(pathlib.Path(path).read_text(encoding='utf-8'))
  except OSError as error:
    raise errors.InputError(f'cannot read {path}: {error.strerror}') from error
  except (UnicodeDecodeError, yaml.YAMLError) as error:
    raise errors.InputError(f'{path} is no YAML: {error}') from error
  if breach := schema.breach(technique, _SCHEMA):
    raise errors.InputError(f'{path}: {breach}')
  return technique


def _known_failure(path: str, entry: dict[str, Any]) -> KnownFailure | None:
  """Returns the known failure of a claim, if it is one."""
  known = entry.get('known_failure')
  if known is None:
    return None
  try:
    until = datetime.date.fromisoformat(known['until'])
  except ValueError as error:
    raise errors.InputError(
        f'{path}: known_failure of {entry["id"]}: until is no day: {error}'
    ) from error
  return KnownFailure(known['issue'], known['owner'], until)


def _of_all(technique: dict[str, Any]) -> list[Claim]:
  """Returns the claims that every run makes."""
  of_many = {
      'at_most': 0,
      'at_least': None,
      'documented': 'exact',
      'tiers': record.TIERS,
  }
  return [
      Claim(
          id='training_health',
          kind=TRAINING_HEALTH,
          metric='health',
          relation='health',
          against='health',
          source='moves and stays of technique.yaml',
          reason=(
              'What is trained moves, and what the technique has to update;'
              ' what is fixed stays; nothing ever is infinite or no number, and'
              ' no zero of a mask comes after the last step.'
          ),
          moves=tuple(technique.get('moves', ())),
          stays=tuple(technique.get('stays', ())),
          moves_some=technique.get('moves_some', {}),
          **of_many,
      ),
      Claim(
          id='exported_as_trained',
          kind='',
          metric='exported',
          relation='fidelity',
          against='exported',
          source='https://www.tensorflow.org/lite/models/convert',
          reason=(
              'The exported model says what the Keras model of the same weights'
              ' says, but for what its kind rounds.'
          ),
          **of_many,
      ),
  ]


def claims_of(path: str, name: str, tier: str) -> list[Claim]:
  """Returns the claims of a convergence test.

  Args:
    path: The technique.yaml.
    name: Of the test.
    tier: Which tier is judged.

  Returns:
    The claims of that tier, at least one.

  Raises:
    errors.InputError: The file is wrong or has no such claims.
  """
  technique = read_technique(path)
  declared = technique['claims']
  if name not in declared:
    raise errors.InputError(
        f'{path} has no claims for {name}: a run that claims nothing proves'
        ' nothing'
    )
  claims = []
  for entry in [*declared[name], *technique.get('every', [])]:
    most, noise = entry.get('at_most'), entry.get('for_noise', 0.0)
    claim = Claim(
        id=entry['id'],
        kind=entry['kind'],
        metric=entry['metric'],
        relation=entry['as'],
        against=entry.get('against', entry['metric']),
        at_most=most if most is None else round(most + noise, 6),
        at_least=entry.get('at_least'),
        source=entry['source'],
        reason=entry['reason'],
        documented=entry.get('documented', '-'),
        tiers=tuple(entry.get('tiers', ['cpu'])),
        known_failure=_known_failure(path, entry),
        reported=entry.get('reported', False),
        for_noise=noise,
    )
    if claim.id in [c.id for c in claims]:
      raise errors.InputError(f'{path}: {name} has two claims {claim.id}')
    claims.append(claim)
  claims = [claim for claim in claims if tier in claim.tiers]
  if not claims:
    raise errors.InputError(f'{path}: {name} claims nothing on tier {tier}')
  return [*claims, *_of_all(technique)]
