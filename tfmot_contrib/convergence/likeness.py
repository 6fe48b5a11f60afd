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

"""How like its reference a run is.

What was the same for all seeds of a reference must be the same now: how many
variables moved, zeros, operators. Numbers that were nearly the same, such as
the scales of integers, must be near, and sizes within a band both ways.
"""

import dataclasses
import math
import re
from typing import Any, Container, Iterable, Iterator, Mapping, Sequence

from scipy import stats

from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference as reference_lib
from tfmot_contrib.convergence import sequential

# How far a size may be from that of the reference, both ways.
SIZE_BAND = 0.03
_SIZES = ('bytes', 'gzip_bytes')
# How many ranges end at zero, and, of weights in clusters, how many differ.
_OF_RANGES = ('_min.zeros', '_max.zeros', '_min.distinct', '_max.distinct')
# Of a kernel: a cluster may be lost by chance, but not half of them.
_DISTINCT = 'distinct_per_channel'
_DISTINCT_BAND = 0.3
# What is nearly the same for all seeds; how wrong, one-sided, its interval may
# be; and how narrow it is at least.
_NEAR = ('scale_', 'moved', 'logit_gap', _DISTINCT)
_NEAR_SMOKE = ('accuracy', 'mirrored_accuracy')  # Elsewhere drops are judged.
_NEAR_ALPHA = 1e-6
_NEAR_BAND = 0.02
# In the few steps of a smoke run rounding does not add up to more than this,
# nor does it let more than an image change sides. On another kind of processor
# it was 0.7 % at most, of 1,500 numbers; of these two nothing is known there.
# Nor is anything known of the accuracy of integers whose scales were rounded
# otherwise: two processors of one kind have found scales that differ by 1e-7,
# and then 4 of 512 images of the same weights changed sides.
_SAME_SEED_BAND = 0.0002
_X86 = ('avx', 'amx')
_SAME_SEED_BANDS = {'logit_gap': 0.1, 'accuracy': 0.05}
# Gaps below this are of float models, and noise.
_LEAST_GAP = 1e-3
# Where zeros are those that were pruned: integers round others to zero.
_UNROUNDED = ('float', 'sparse')
# What TFMOT decides, whatever TensorFlow is below it.
_OF_TFMOT = re.compile(r'parameters|health\.|invariants\.|exported\..*\.zeros')
# Where zeros are one cluster of many, a weight may fall to them by chance: the
# count of a kernel differs by one, or one in a thousand.
_ZEROS_OF_A_KERNEL = re.compile(r'exported\..*\.kernels\..*\.zeros')
_ZEROS_BY_CHANCE = 1e-3
# Another TensorFlow rounds the schedule of sparsity otherwise: on the way, one
# weight of half a million is kept or not.
_ROUNDING = 1e-5
# What has a part of its own for each operator, variable or layer.
_PARTS = ('operators', 'kinds', 'kernels')


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
              key: kernel[key]
              for key in (('zeros',) if k in _UNROUNDED else ()) + ('scales',)
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
  covered = run.invariants.get('covered', ())
  first = next(iter(run.exported), '')
  for kernel in run.exported.get(first, {}).get('kernels', ()):
    if kernel['name'] in covered:
      path = f'exported.{first}.kernels.{kernel["name"]}.{_DISTINCT}'
      numbers[path] = kernel[_DISTINCT]
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


def _kindred(reference: reference_lib.Reference, run: record.Record) -> bool:
  """Returns whether two processors make the same batches and round alike."""
  kinds = (reference.instruction_set, run.instruction_set)
  return kinds[0] == kinds[1] or all(kind.startswith(_X86) for kind in kinds)


def _same_seed(
    reference: reference_lib.Reference, run: record.Record
) -> reference_lib.Seed | None:
  """Returns the seed of the reference that a smoke run must repeat, if any."""
  if run.tier != 'smoke' or not _kindred(reference, run):
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


def varying(runs: Sequence[record.Record]) -> list[str]:
  """Returns the sizes that differ by more than the band from seed to seed.

  Where centroids start anywhere, so does how well they can be zipped. Such a
  size is one of the numbers that are nearly the same, in place of the band.

  Args:
    runs: One for each seed of a reference.

  Returns:
    Paths into the record.
  """
  means = sizes(runs)
  each = [sizes([run]) for run in runs]
  return [
      path
      for path, mean in means.items()
      if any(abs(one[path] / mean - 1) > SIZE_BAND for one in each)
  ]


def of_any_stack(
    reference: reference_lib.Reference,
) -> reference_lib.Reference:
  """Returns what of a reference holds on another stack than its own.

  Args:
    reference: The reference.

  Returns:
    One of no kind of processor, so that it knows no noise: how many variables
    moved, the way of the schedule, zeros and clusters.
  """
  return dataclasses.replace(
      reference,
      instruction_set='',
      exact={
          path: value
          for path, value in reference.exact.items()
          if _OF_TFMOT.match(path)
      },
      sizes={},
      seeds=[dataclasses.replace(seed, near={}) for seed in reference.seeds],
  )


def _by_chance(
    reference: reference_lib.Reference,
    path: str,
    comparable: bool,
    some: Container[str],
) -> bool:
  """Returns whether all seeds have a number in common by chance.

  Args:
    reference: Of a test.
    path: Of what is the same for its seeds.
    comparable: As `differences`.
    some: As `differences`.

  Returns:
    Whether it says that some of many variables have moved, but neither all nor
    none, or of a kind of which some must and all may; or how many ranges end at
    zero, as that of a channel which is pruned away does, or differ from each
    other, and the baseline is another. A few smoke steps leave less to chance.
  """
  if reference.tier == 'smoke' and comparable:
    return False
  if path.endswith(_OF_RANGES):
    return not comparable
  variables = path.removesuffix('.moved')
  of = reference.exact.get(f'{variables}.of')
  return path.endswith('.moved') and (
      variables.removeprefix('health.kinds.') in some
      or any(number not in (0, of) for number in reference.exact[path])
  )


def _few(reference: reference_lib.Reference, path: str, expected: Any) -> int:
  """Returns by how much a number may differ by chance."""
  if reference.tier == 'smoke' or not _ZEROS_OF_A_KERNEL.fullmatch(path):
    return 0
  return max(1, round(_ZEROS_BY_CHANCE * expected))


def _same(expected: Any, got: Any, rounding: float, few: int = 0) -> bool:
  """Returns whether two values are the same, numbers but for rounding."""
  if isinstance(expected, list) and isinstance(got, list):
    return len(expected) == len(got) and all(
        _same(one, other, rounding)
        for one, other in zip(expected, got, strict=True)
    )
  if isinstance(expected, int) and isinstance(got, int):
    return abs(expected - got) <= max(few, rounding * abs(expected))
  return expected == got


def differences(
    reference: reference_lib.Reference,
    run: record.Record,
    comparable: bool = True,
    some: Container[str] = (),
) -> list[tuple[str, Any, Any]]:
  """Returns where a run is not what the reference expects.

  Args:
    reference: Of the test.
    run: Its run.
    comparable: Whether it has come from the same float weights.
    some: The kinds of variables of which some must move and all may: claims
      see to that.

  Returns:
    For each difference the path into the record, what was expected (a size as
    its band) and what was got, None where there is nothing.
  """
  got = observed(run)
  rounding = 0.0 if reference.instruction_set else _ROUNDING
  comparable &= run.instruction_set == reference.instruction_set
  found = [
      (path, expected, got.get(path))
      for path, expected in reference.exact.items()
      if not _same(
          expected, got.get(path), rounding, _few(reference, path, expected)
      )
      and not _by_chance(reference, path, comparable, some)
  ]
  added = _added(reference.exact, got)
  if not reference.instruction_set:  # It expects no kernel whose zeros vary.
    added = [part for part in added if '.kernels.' not in part]
  found += [(part, None, 'new') for part in added]
  for seed in reference.seeds:
    batch = run.batches['train']
    known = _kindred(reference, run) and run.seed == seed.seed
    if known and batch != seed.batch:
      found.append(('batches.train', seed.batch[:12], batch[:12]))
  now = sizes([run])
  for path, expected in reference.sizes.items():
    size = now.get(path)
    if size is None or abs(size / expected - 1) > SIZE_BAND:
      found.append((path, f'{expected:.0f} +- {100 * SIZE_BAND:g} %', size))
  return found


def far(
    reference: reference_lib.Reference,
    family: Sequence[reference_lib.Reference],
    run: record.Record,
) -> list[tuple[str, Any, Any]]:
  """Returns where a run is not near the reference.

  Numbers are compared by their logarithm, with Student's prediction interval.
  Of the deviation a few seeds know little, so it is pooled with the family's
  where that is alike.
  A smoke run with a seed of the reference has to repeat that one: there is no
  noise between them, but for what another kind of processor rounds.

  Args:
    reference: Of the test.
    family: Those of the technique's other tests on the same model.
    run: Its run.

  Returns:
    As `differences`.
  """
  found = []
  now = near(run) | sizes([run])
  same = _same_seed(reference, run)
  for path in reference.seeds[0].near:
    groups = [
        [math.log(s.near[path]) for s in one.seeds if path in s.near]
        for one in (reference, *family)
    ]
    own, *others = groups
    alike = reference_lib.as_noisy(own, others)
    deviation, freedom = sequential.pooled([own, *alike])
    reach = stats.t.isf(_NEAR_ALPHA, freedom) * math.sqrt(1 + 1 / len(own))
    least = _DISTINCT_BAND if path.endswith(_DISTINCT) else _NEAR_BAND
    band = max(reach * deviation, least)
    mean = sum(own) / len(own)
    if same and path in same.near:
      repeats = run.instruction_set == reference.instruction_set
      if path.endswith(_NEAR_SMOKE):
        repeats = repeats and _scales_repeat(path, same.near, now)
      again = _same_seed_band(path, repeats)
      if again is not None:
        band, mean = again, math.log(same.near[path])
    value = now.get(path)
    if value is None or abs(math.log(value) - mean) > band:
      low, high = (math.exp(mean + sign * band) for sign in (-1, 1))
      found.append((path, f'{low:.4g} to {high:.4g}', value))
  known = {path for seed in reference.seeds for path in seed.near}
  sorts = {_sort(path) for path in known}
  known |= {*reference.sizes}  # Those have a band of their own.
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


def _scales_repeat(
    path: str, before: Mapping[str, float], now: Mapping[str, float]
) -> bool:
  """Returns whether the exported model of a path has the very same scales."""
  scales = f'{path.rpartition(".")[0]}.scale_'
  return all(
      now.get(name) == scale
      for name, scale in before.items()
      if name.startswith(scales)
  )


def _same_seed_band(path: str, repeats: bool) -> float | None:
  """Returns how far a number may be from that of the same seed.

  Args:
    path: Of the number.
    repeats: Whether the processor is of the same kind, too.

  Returns:
    Of its logarithm; None if nothing is known of it.
  """
  last = path.rpartition('.')[2].removeprefix('mirrored_')
  if repeats:
    return _SAME_SEED_BANDS.get(last, _SAME_SEED_BAND)
  known = last not in _SAME_SEED_BANDS and last != _DISTINCT
  return _NEAR_BAND if known else None
