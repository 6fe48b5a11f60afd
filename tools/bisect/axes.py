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

"""The axes along which something can have broken, and which one is guilty.

A combination has a value on each axis: which TFMOT, which TensorFlow, which
mirror. A combination that was good and one that is bad may differ in several.
Searching them all would be long and could mislead, so one axis at a time is
taken from the one combination into the other: the axis that alone turns good
into bad is guilty.
"""

from typing import Callable, Mapping, NamedTuple

from tools.bisect import signature

TFMOT, TENSORFLOW, MIRROR = AXES = ('tfmot', 'tensorflow', 'mirror')
# The mirror that is committed in the tree.
HERE = 'here'

Combination = dict[str, str]


class Guilty(NamedTuple):
  """An axis to search.

  Attributes:
    axis: Its name.
    good: The combination that is good.
    bad: The one that is bad, and differs from it in this axis alone.
    why: How that was found, for the report.
  """

  axis: str
  good: Combination
  bad: Combination
  why: str


def differing(good: Combination, bad: Combination) -> list[str]:
  """Returns the axes in which two combinations differ, TFMOT first."""
  return [axis for axis in AXES if good[axis] != bad[axis]]


def said(combination: Mapping[str, str]) -> str:
  """Returns a combination as text."""
  return ', '.join(f'{axis} {combination[axis]}' for axis in AXES)


def find(
    good: Combination,
    bad: Combination,
    kind: Callable[[Combination], str],
) -> Guilty | str:
  """Finds the guilty axis by swapping.

  Args:
    good: The good combination.
    bad: The bad one.
    kind: Tests a combination: `good`, `bad` or `other`.

  Returns:
    The axis, or why none can be named.
  """
  axes = differing(good, bad)
  if len(axes) == 1:
    return Guilty(axes[0], good, bad, f'the ends differ in {axes[0]} alone')
  alone = [
      Guilty(axis, good, swapped, f'{axis} alone makes it bad')
      for axis in axes
      if kind(swapped := {**good, axis: bad[axis]}) == signature.BAD
  ]
  if len(alone) > 1:
    names = ' and '.join(one.axis for one in alone)
    return f'{names} each make it bad: bisect one after the other'
  if alone:
    return alone[0]
  for axis in axes:
    swapped = {**bad, axis: good[axis]}
    if kind(swapped) == signature.GOOD:
      others = ' and '.join(other for other in axes if other != axis)
      why = f'{axis} makes it bad, but only with the {others} of the bad end'
      return Guilty(axis, swapped, bad, why)
  return 'no axis alone turns good into bad, or bad into good'
