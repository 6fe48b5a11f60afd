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

"""Tests the search."""

import random

from absl.testing import absltest
from absl.testing import parameterized

from tools.bisect import search

_SIZE = 61


def _hunt(step_of, shows, first_bad, most=200):
  """Searches with runs that `shows` decides; returns what it ends with."""
  counts = [search.Counts() for _ in range(_SIZE)]

  def run(index):
    bad, good = counts[index]
    shown = shows(index >= first_bad)
    counts[index] = search.Counts(bad + shown, good + (not shown))

  run(0)
  run(_SIZE - 1)
  while sum(count.total for count in counts) < most:
    step = step_of(counts)
    if step.run is None:
      return step, sum(count.total for count in counts)
    run(step.run)
  return search.Step(), most


class PlainTest(absltest.TestCase):

  def test_finds_every_place(self):
    for first_bad in range(1, _SIZE):
      step, runs = _hunt(search.plain, bool, first_bad)
      self.assertEqual(step.first_bad, first_bad)
      self.assertLessEqual(runs, 2 + 6 + 2)

  def test_tests_what_it_ends_with_twice(self):
    counts = [search.Counts(0, 1), search.Counts(1, 0)]
    self.assertEqual(search.plain(counts).run, 1)
    counts[1] = search.Counts(2, 0)
    self.assertEqual(search.plain(counts).run, 0)
    counts[0] = search.Counts(0, 2)
    self.assertEqual(search.plain(counts).first_bad, 1)

  def test_contradictions(self):
    good, bad, both = search.Counts(0, 1), search.Counts(1, 0), (1, 1)
    for row in (
        [good, bad, good, bad],
        [good, search.Counts(*both), bad],
        [good, search.Counts(), search.Counts(*both)],
    ):
      with self.assertRaises(search.ContradictionError, msg=row):
        search.plain(row)


class NoisyTest(absltest.TestCase):

  def found(self, share, false_share, trials=20):
    """Returns how many of some trials find the place, and their mean runs."""
    chance = random.Random(1)
    found, total = 0, 0
    for _ in range(trials):
      first_bad = chance.randrange(1, _SIZE)
      step, runs = _hunt(
          lambda counts: search.noisy(counts, [1] * _SIZE, 0.95),
          lambda bad: chance.random() < (share if bad else false_share),
          first_bad,
      )
      found += step.first_bad == first_bad
      total += runs
    return found, total / trials

  def test_a_symptom_that_comes_and_goes(self):
    found, runs = self.found(0.8, 0.05)
    self.assertGreaterEqual(found, 18)
    self.assertLess(runs, 40)

  def test_a_symptom_that_always_shows(self):
    found, runs = self.found(1, 0)
    self.assertEqual(found, 20)
    self.assertLess(runs, 18)

  def test_the_good_end_is_never_the_answer(self):
    counts = [search.Counts(5, 0)] * 3
    step = search.noisy(counts, [1, 1, 1], 0.4)
    self.assertNotEqual(step.first_bad, 0)

  def test_a_candidate_that_stands_for_more_is_likelier(self):
    counts = [search.Counts(0, 3), search.Counts(), search.Counts(3, 0)]
    step = search.noisy(counts, [1, 99, 1], 0.9)
    self.assertEqual(step.first_bad, 1)


class EndsTest(parameterized.TestCase):

  @parameterized.parameters(
      ((0, 2), (2, 0), False),
      ((0, 3), (3, 0), True),
      ((1, 2), (2, 1), False),
      ((10, 0), (0, 10), False),
      ((1, 9), (8, 2), True),
  )
  def test_differ(self, good, bad, expected):
    found = search.differ(search.Counts(*good), search.Counts(*bad))
    self.assertEqual(found, expected)

  @parameterized.parameters(
      ((0, 0), 'more'),
      ((3, 0), 'bad'),
      ((0, 3), 'good'),
      ((1, 1), 'more'),
      ((6, 4), 'bad'),
  )
  def test_like(self, counts, expected):
    good, bad = search.Counts(0, 4), search.Counts(4, 0)
    found = search.like(search.Counts(*counts), good, bad)
    self.assertEqual(found, expected)


class GroupsTest(parameterized.TestCase):

  @parameterized.parameters(
      ('abcde', (2,), [[0], [1], [3], [4]]),
      ('abcbd', (), [[0], [1, 2, 3], [4]]),
      ('a..bcb', (4,), [[0], [1], [2], [3, 5]]),
      ('abcbcd', (), [[0], [1, 2, 3, 4], [5]]),
      ('ab.a', (), [[0, 1, 2, 3]]),
  )
  def test_equal_contents_are_one(self, digests, skipped, expected):
    known = {i: digest for i, digest in enumerate(digests) if digest != '.'}
    found = search.groups(len(digests), known, skipped)
    self.assertEqual(found, expected)

  def test_what_was_left_out_stays_a_suspect(self):
    groups = [[0], [1], [3, 4]]
    self.assertEqual(search.suspects(groups, 2), [2, 3])
    self.assertEqual(search.suspects(groups, 1), [1])

  def test_counts_of_groups(self):
    counts = [search.Counts(1, 0), search.Counts(0, 2), search.Counts()]
    self.assertEqual(search.pooled([[0, 1], [2]], counts), [(1, 2), (0, 0)])


if __name__ == '__main__':
  absltest.main()
