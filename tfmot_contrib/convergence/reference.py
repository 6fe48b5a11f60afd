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

"""The reference of an experiment: what it did on a stack known to be good.

A file for each experiment, tier and kind of processor, in the folder of the
technique: `references/cpu_avx2/TEST.json`. It holds the drops of accuracy of
several seeds, what was the same for all of them, and why it is what it is. A
run that it does not fit is not judged by it: another recipe, other data or
another TensorFlow make the verdict invalid. For another kind of processor it
tells what is exact, not the noise. Statistics are computed anew whenever it is
read.
"""

import copy
import dataclasses
import hashlib
import json
import math
import os
import pathlib
from typing import Any, Iterable, Iterator, Mapping, Sequence

from scipy import stats

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import schema
from tfmot_contrib.convergence import sequential

SCHEMA_VERSION = 1
# How far a size may be from that of the reference, both ways.
SIZE_BAND = 0.03
_SCHEMA = pathlib.Path(__file__).parent / 'reference_schema.json'
_SIZES = ('bytes', 'gzip_bytes')
_RANGES_AT_ZERO = ('_min.zeros', '_max.zeros')
# What is nearly the same for all seeds; how wrong, one-sided, its interval may
# be; and how narrow it is at least.
_NEAR = ('scale_', 'moved', 'logit_gap')
_NEAR_SMOKE = ('accuracy', 'mirrored_accuracy')  # Elsewhere drops are judged.
_NEAR_ALPHA = 1e-6
_NEAR_BAND = 0.02
# A test whose deviation is greater than that of its family with less than this
# chance is noisy in a way of its own.
_UNLIKE = 1e-4
# Nor is its noise that of tests which lose so many points more, or less: a drop
# is noisier the more images change sides (McNemar, 1947), at least as many as
# are lost.
_ALIKE = 2.0
# In the few steps of a smoke run rounding does not add up to more than this; nor
# does it let more images, or more of a gap, change sides.
_SAME_SEED_BAND = 0.0002
_SAME_SEED_BANDS = {'logit_gap': 0.1, 'accuracy': 0.02}
# Gaps below this are of float models, and noise.
_LEAST_GAP = 1e-3
# Of a kernel, what a layer of its own must be like.
_OF_KERNELS = ('zeros', 'distinct_per_channel', 'scales')
# What has a part of its own for each operator, variable or layer.
_PARTS = ('operators', 'kinds', 'kernels')
_MAKE = 'make it with tools/nox -s reference -- {}'


@dataclasses.dataclass(frozen=True)
class Seed:
  """One run of the experiment.

  Attributes:
    seed: Of all that was random.
    drops: By the name of a claim, the points of accuracy that were lost.
    weights: Digest of the weights that were exported.
    control: The same of the float control.
    batch: Digest of the last batch of training data.
    near: By path into the run record, positive numbers that are nearly the same
      for all seeds.
  """

  seed: int
  drops: Mapping[str, float]
  weights: str
  control: str
  batch: str
  near: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Reference:
  """What an experiment did on a good stack.

  Attributes:
    test: Its name.
    tier: One of `record.TIERS`.
    instruction_set: Of the processors that it holds for.
    recipe: Digest of the experiment's config.
    data: Digest of the data.
    environment: Digest of the environment of the float baseline: of TensorFlow
      and all else but TFMOT, which is what is tested.
    seeds: What was seen, at least two.
    exact: By path into the run record, what was the same for all seeds.
    sizes: By path, the mean size in bytes.
    history: Of this file: `date`, `who`, `why`, `versions`, and the `seeds` and
      mean `drops` that it had then; the newest is the last.
    drops_of: By the name of a claim, which numbers its drops are the difference
      of.
    schema_version: Of this format.
  """

  test: str
  tier: str
  instruction_set: str
  recipe: str
  data: str
  environment: str
  seeds: Sequence[Seed]
  exact: Mapping[str, Any]
  sizes: Mapping[str, float]
  history: Sequence[Mapping[str, Any]]
  drops_of: Mapping[str, str] = dataclasses.field(default_factory=dict)
  schema_version: int = SCHEMA_VERSION

  def drops(self, claim: str) -> list[float]:
    """Returns the drops of all seeds for a claim, in points."""
    return [seed.drops[claim] for seed in self.seeds if claim in seed.drops]

  def alike(
      self, claim: str, family: Sequence['Reference']
  ) -> list[list[float]]:
    """Returns the drops of those of a family that lose about as much."""
    own = self.drops(claim)
    found = [other.drops(claim) for other in family]
    return [
        drops
        for drops in found
        if drops
        and abs(sum(drops) / len(drops) - sum(own) / len(own)) <= _ALIKE
    ]

  def noise(
      self, claim: str, family: Sequence['Reference'] = ()
  ) -> sequential.Noise:
    """Returns what is known of a drop.

    Args:
      claim: Its name.
      family: Other experiments of the technique on the same model. Those that
        lose about as much share their deviation, unless this one is noisier.

    Returns:
      The noise.

    Raises:
      errors.InputError: The claim has too few drops.
    """
    own = self.drops(claim)
    if len(own) < 2:
      raise errors.InputError(
          f'the reference of {self.test} has {len(own)} drops of {claim}:'
          f' {_MAKE.format(self.test)}'
      )
    deviation, freedom = _deviation(own, self.alike(claim, family))
    mean = sum(own) / len(own)
    return sequential.Noise(mean, deviation, len(own), freedom)


def recipe_of(run: record.Run) -> str:
  """Returns a digest of a run's config; the seed is no part of it."""
  params = copy.deepcopy(run.params)
  params['task']['train_data'].pop('seed', None)
  text = json.dumps(params, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
  """Yields the paths below a value and what is there; lists are whole."""
  if isinstance(value, dict):
    for key, below in sorted(value.items()):
      yield from _leaves(below, f'{path}.{key}')
  else:
    yield path, value


def observed(run: record.Record) -> dict[str, Any]:
  """Returns what of a record may be the same for all seeds, by path."""
  parts = {
      'parameters': run.parameters,
      'batches.validation': run.batches['validation'],
      'health': run.health,
      'invariants': run.invariants,
      **{
          f'exported.{k}.operators': v['operators']
          for k, v in run.exported.items()
      },
      **{
          f'exported.{k}.integer_share': v['integer_share']
          for k, v in run.exported.items()
      },
      **{
          f'exported.{k}.kernels.{kernel["name"]}': {
              key: kernel[key] for key in _OF_KERNELS
          }
          for k, v in run.exported.items()
          for kernel in v['kernels']
      },
  }
  return {p: v for key, part in parts.items() for p, v in _leaves(part, key)}


def exact(runs: Sequence[record.Record]) -> dict[str, Any]:
  """Returns what is the same in all of some records, by path."""
  first, *others = (observed(run) for run in runs)
  missing = object()
  return {
      path: value
      for path, value in first.items()
      if all(other.get(path, missing) == value for other in others)
  }


def near(run: record.Record) -> dict[str, float]:
  """Returns what of a record is nearly the same for all seeds, by path."""
  numbers = {'keras.validation_loss': run.keras.get('validation_loss', 0.0)}
  for kind, exported in run.exported.items():
    for key, value in exported.items():
      if key.startswith(_NEAR) or run.tier == 'smoke' and key in _NEAR_SMOKE:
        least = _LEAST_GAP if key == 'logit_gap' else 0.0
        numbers[f'exported.{kind}.{key}'] = value if value > least else 0.0
  return {path: value for path, value in numbers.items() if value > 0}


def _parts(paths: Iterable[str]) -> set[str]:
  """Returns the operators, variables and layers that paths are of."""
  return {
      path.rpartition('.')[0]
      for path in paths
      if any(f'.{part}.' in path for part in _PARTS)
  }


def _added(paths: Iterable[str], now: Mapping[str, Any]) -> list[str]:
  """Returns what a run has that a reference has nothing of.

  Args:
    paths: Of all that the reference has.
    now: By path, what the run has.

  Returns:
    Operators, variables and layers, of an exported model or sort of number
    that the reference has at all: an older one may have fewer sorts.
  """
  sorts = {part.rpartition('.')[0] for part in _parts(paths)}
  return sorted(
      part
      for part in _parts(now) - _parts(paths)
      if part.rpartition('.')[0] in sorts
  )


def _same_seed(reference: Reference, run: record.Record) -> Seed | None:
  """Returns the seed of the reference that a smoke run must repeat, if any."""
  if run.tier != 'smoke' or run.instruction_set != reference.instruction_set:
    return None
  return next((s for s in reference.seeds if s.seed == run.seed), None)


def sizes(runs: Sequence[record.Record]) -> dict[str, float]:
  """Returns the mean sizes of the exported models of some records, by path."""
  return {
      f'exported.{kind}.{size}': (
          sum(run.exported[kind][size] for run in runs) / len(runs)
      )
      for kind in runs[0].exported
      for size in _SIZES
  }


def path_of(folder: pathlib.Path, test: str, run: record.Run) -> pathlib.Path:
  """Returns where the reference of a run is.

  Args:
    folder: Of the technique.
    test: The name of the convergence test.
    run: Its run.

  Returns:
    The path, whether it exists or not.
  """
  return (
      folder
      / 'references'
      / f'{run.tier}_{run.instruction_set}'
      / f'{test}.json'
  )


def check(
    reference: Reference, run: record.Record, baseline: record.Record
) -> None:
  """Refuses a reference that does not hold for a run.

  Args:
    reference: Of the test.
    run: Its run.
    baseline: The float run that it comes from.

  Raises:
    errors.InputError: It is of another tier, recipe, data or TensorFlow.
  """
  for name, expected, got in (
      ('tier', reference.tier, run.tier),
      ('recipe', reference.recipe, recipe_of(run)),
      ('data', reference.data, run.data),
      ('environment', reference.environment, baseline.environment),
  ):
    if expected != got:
      raise errors.InputError(
          f'the reference of {reference.test} is of another {name}'
          f' ({expected[:12]}, the run has {got[:12]}):'
          f' {_MAKE.format(reference.test)}'
      )


def _by_chance(reference: Reference, path: str, comparable: bool) -> bool:
  """Returns whether all seeds have a number in common by chance.

  Args:
    reference: Of a test.
    path: Of what is the same for its seeds.
    comparable: As `differences`.

  Returns:
    Whether it says that some of many variables have moved, but neither all nor
    none; or how many ranges end at zero, as that of a channel which is pruned
    away does, and the baseline is another. A few smoke steps leave less to
    chance.
  """
  if reference.tier == 'smoke':
    return False
  if path.endswith(_RANGES_AT_ZERO):
    return not comparable
  of = reference.exact.get(f'{path.removesuffix(".moved")}.of')
  return path.endswith('.moved') and any(
      number not in (0, of) for number in reference.exact[path]
  )


def differences(
    reference: Reference, run: record.Record, comparable: bool = True
) -> list[tuple[str, Any, Any]]:
  """Returns where a run is not what the reference expects.

  Args:
    reference: Of the test.
    run: Its run.
    comparable: Whether it has come from the same float weights.

  Returns:
    For each difference the path into the record, what was expected (a size as
    its band) and what was got, None where there is nothing.
  """
  got = observed(run)
  found = [
      (path, expected, got.get(path))
      for path, expected in reference.exact.items()
      if got.get(path) != expected
      and not _by_chance(reference, path, comparable)
  ]
  found += [(part, None, 'new') for part in _added(reference.exact, got)]
  for seed in reference.seeds:
    batch = run.batches['train']
    if (
        run.instruction_set == reference.instruction_set
        and run.seed == seed.seed
        and batch != seed.batch
    ):
      found.append(('batches.train', seed.batch[:12], batch[:12]))
  now = sizes([run])
  for path, expected in reference.sizes.items():
    size = now.get(path)
    if size is None or abs(size / expected - 1) > SIZE_BAND:
      found.append((path, f'{expected:.0f} +- {100 * SIZE_BAND:g} %', size))
  return found


def _deviation(
    own: Sequence[float], others: Sequence[Sequence[float]]
) -> tuple[float, int]:
  """Returns a deviation, which the family shares where it is alike.

  Args:
    own: What was seen of the test.
    others: The same of the tests of its family.

  Returns:
    The deviation and its degrees of freedom. They are pooled unless the test is
    noisier than the others by an F test: random centroids spread more than any
    that are chosen.
  """
  others = [group for group in others if len(group) > 1]
  if others and len(own) > 1:
    deviation, freedom = sequential.pooled([own])
    theirs, degrees = sequential.pooled(others)
    ratio = (deviation / max(theirs, 1e-12)) ** 2
    if stats.f.sf(ratio, freedom, degrees) < _UNLIKE:
      return deviation, freedom
  return sequential.pooled([own, *others])


def far(
    reference: Reference, family: Sequence[Reference], run: record.Record
) -> list[tuple[str, Any, Any]]:
  """Returns where a run is not near the reference.

  Numbers are compared by their logarithm, with Student's prediction interval.
  Of the deviation a few seeds know little, so it is pooled with the family's
  where that is alike.
  A smoke run with a seed of the reference has to repeat that one: there is no
  noise between them.

  Args:
    reference: Of the test.
    family: Those of the technique's other tests on the same model.
    run: Its run.

  Returns:
    As `differences`.
  """
  found = []
  now = near(run)
  same = _same_seed(reference, run)
  for path in reference.seeds[0].near:
    groups = [
        [math.log(s.near[path]) for s in one.seeds if path in s.near]
        for one in (reference, *family)
    ]
    own, *others = groups
    deviation, freedom = _deviation(own, others)
    reach = stats.t.isf(_NEAR_ALPHA, freedom) * math.sqrt(1 + 1 / len(own))
    band = max(reach * deviation, _NEAR_BAND)
    mean = sum(own) / len(own)
    if same and path in same.near:
      band, mean = _same_seed_band(path), math.log(same.near[path])
    value = now.get(path)
    if value is None or abs(math.log(value) - mean) > band:
      low, high = (math.exp(mean + sign * band) for sign in (-1, 1))
      found.append((path, f'{low:.4g} to {high:.4g}', value))
  known = {path for seed in reference.seeds for path in seed.near}
  sorts = {_sort(path) for path in known}
  found += [
      (path, None, value)
      for path, value in now.items()
      if path not in known and _sort(path) in sorts
  ]
  return found


def _sort(path: str) -> str:
  """Returns which sort of number is at a path of `near`."""
  last = path.rpartition('.')[2]
  return next((sort for sort in _NEAR if last.startswith(sort)), last)


def _same_seed_band(path: str) -> float:
  """Returns how far a number may be from that of the same seed."""
  last = path.rpartition('.')[2].removeprefix('mirrored_')
  return _SAME_SEED_BANDS.get(last, _SAME_SEED_BAND)


def _digest(value: Mapping[str, Any]) -> str:
  """Returns the sha256 of what a file holds."""
  return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write(reference: Reference, path: pathlib.Path) -> None:
  """Writes a reference, whole or not at all.

  Args:
    reference: What to write.
    path: The JSON file; its folder is made.

  Raises:
    errors.InputError: It cannot be written.
  """
  value = dataclasses.asdict(reference)
  text = json.dumps({**value, 'digest': _digest(value)}, indent=1) + '\n'
  partial = path.with_suffix('.partial')
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
      partial.write_text(text, encoding='utf-8')
      os.replace(partial, path)
    finally:
      partial.unlink(missing_ok=True)
  except OSError as error:
    raise errors.InputError(f'cannot write {path}: {error.strerror}') from error


def read(path: pathlib.Path) -> Reference:
  """Reads a reference.

  Args:
    path: The JSON file.

  Returns:
    What was written.

  Raises:
    errors.InputError: There is none, it breaks the schema, or it was edited.
  """
  test = path.stem
  try:
    value = json.loads(path.read_text(encoding='utf-8'))
  except OSError as error:
    raise errors.InputError(f'cannot read {path}: {error.strerror}') from error
  except ValueError as error:
    raise errors.InputError(
        f'{path} is no JSON: {error}; {_MAKE.format(test)}'
    ) from error
  if breach := schema.breach(value, _SCHEMA):
    raise errors.InputError(
        f'{path} is no reference of schema {SCHEMA_VERSION}: {breach};'
        f' {_MAKE.format(test)}'
    )
  if value.pop('digest') != _digest(value):
    raise errors.InputError(
        f'{path} was edited by hand: what it says was not seen; restore it with'
        f' git, or {_MAKE.format(test)}'
    )
  folder = f'{value["tier"]}_{value["instruction_set"]}'
  if (folder, value['test']) != (path.parent.name, test):
    raise errors.InputError(
        f'{path} is the reference of {folder}/{value["test"]}:'
        f' {_MAKE.format(test)}'
    )
  value['seeds'] = [Seed(**seed) for seed in value['seeds']]
  return Reference(**value)
