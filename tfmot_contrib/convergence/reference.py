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
run that it does not fit is not judged by it: another recipe or other data make
the verdict invalid. For another kind of processor it tells what is exact, not
the noise, and on another TensorFlow what TFMOT alone decides. Statistics are
computed anew whenever it is read.
"""

import copy
import dataclasses
import hashlib
import json
import os
import pathlib
from typing import Any, Mapping, Sequence

import numpy as np
from scipy import stats

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import schema
from tfmot_contrib.convergence import sequential

SCHEMA_VERSION = 2
_SCHEMA = pathlib.Path(__file__).parent / 'reference_schema.json'
# A test whose deviation is greater than that of its family with less than this
# chance is noisy in a way of its own, which nothing shares.
_UNLIKE = 1e-4
# Nor is its noise that of tests which lose so many points more, or less: a drop
# is noisier the more images change sides (McNemar, 1947), at least as many as
# are lost.
_ALIKE = 2.0
_MAKE = 'make it with tools/nox -s reference -- {}'


@dataclasses.dataclass(frozen=True)
class Seed:
  """One run of the experiment.

  Attributes:
    seed: Of all that was random.
    drops: By the name of a claim, the points of accuracy that were lost.
    weights: Digest of the weights that were exported.
    control: The same of the float control.
    batch: Digest of the batch of training data that would come next.
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
    stack: What else decides its numbers (see `record.Run.stack`); TFMOT is no
      part of it, because that is what is tested.
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
  stack: Mapping[str, str]
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
    """Returns the drops of those of a family that share their deviation.

    Args:
      claim: Its name.
      family: Other experiments of the technique on the same model.

    Returns:
      The drops of those that lose about as much and are not noisier than the
      rest, the quietest first; none if this experiment is noisier than they.
    """
    own = self.drops(claim)
    near = [
        drops
        for drops in (other.drops(claim) for other in family)
        if drops and abs(np.mean(drops) - np.mean(own)) <= _ALIKE
    ]
    return as_noisy(own, near)

  def noise(
      self, claim: str, family: Sequence['Reference'] = ()
  ) -> sequential.Noise:
    """Returns what is known of a drop.

    Args:
      claim: Its name.
      family: Other experiments of the technique on the same model. Those that
        are alike share their deviation.

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
    alike = self.alike(claim, family)
    deviation, freedom = sequential.pooled([own, *alike])
    mean = sum(own) / len(own)
    return sequential.Noise(mean, deviation, len(own), freedom)


def recipe_of(run: record.Run) -> str:
  """Returns a digest of a run's config; the seed is no part of it."""
  params = copy.deepcopy(run.params)
  params['task']['train_data'].pop('seed', None)
  text = json.dumps(params, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()


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


def check(reference: Reference, run: record.Record) -> None:
  """Refuses a reference that does not hold for a run.

  Args:
    reference: Of the test.
    run: Its run.

  Raises:
    errors.InputError: It is of another tier, recipe or data.
  """
  for name, expected, got in (
      ('tier', reference.tier, run.tier),
      ('recipe', reference.recipe, recipe_of(run)),
      ('data', reference.data, run.data),
  ):
    if expected != got:
      raise errors.InputError(
          f'the reference of {reference.test} is of another {name}'
          f' ({expected[:12]}, the run has {got[:12]}):'
          f' {_MAKE.format(reference.test)}'
      )


def _noisier(group: Sequence[float], rest: Sequence[Sequence[float]]) -> bool:
  """Returns whether a group is noisier than the rest, by an F test."""
  deviation, freedom = sequential.pooled([group])
  theirs, degrees = sequential.pooled(rest)
  ratio = deviation / max(theirs, 1e-12)
  return stats.f.sf(ratio**2, freedom, degrees) < _UNLIKE


def as_noisy(
    own: Sequence[float], others: Sequence[Sequence[float]]
) -> list[Sequence[float]]:
  """Returns the groups that share their deviation with one.

  Args:
    own: What was seen of a test.
    others: The same of the tests of its family.

  Returns:
    Those that are not noisier than the rest by an F test, the quietest first;
    none if it is `own` that is noisier than they: random centroids spread more
    than any that are chosen.
  """
  alike = [group for group in others if len(group) > 1]
  alike.sort(key=lambda group: float(np.std(group, ddof=1)))
  if not np.ptp(own):  # Says nothing of how much it may differ.
    return alike
  while alike and _noisier(alike[-1], [own, *alike[:-1]]):
    alike.pop()
  return [] if alike and _noisier(own, alike) else alike


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
