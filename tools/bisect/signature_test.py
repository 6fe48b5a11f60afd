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

"""Tests what is a bad run, and what is another failure."""

import math

from absl.testing import absltest
from absl.testing import parameterized

from tools.bisect import signature


def _run(*failures, unusable='', **metrics):
  """Returns a run."""
  return signature.Run({'tfmot': '1'}, 1, failures, metrics, unusable=unusable)


class SignatureTest(parameterized.TestCase):

  @parameterized.parameters(
      ((), 'good'),
      (('drop',), 'bad'),
      (('drop', 'size'), 'bad'),
      (('size',), 'other'),
      (('run: ImportError',), 'other'),
      (('old',), 'good'),
      (('old', 'drop'), 'bad'),
      (('old', 'size'), 'other'),
  )
  def test_a_different_failure_is_not_bad(self, failures, expected):
    found = signature.of_ends([_run('old')], [_run('old', 'drop')])
    self.assertEqual(found.kind(_run(*failures)), expected)

  def test_all_of_it_must_fail(self):
    found = signature.of_ends([_run()], [_run('a', 'b')])
    self.assertEqual(found.kind(_run('a')), 'other')
    self.assertEqual(str(found), 'a, b')

  def test_what_cannot_be_run_is_neither(self):
    found = signature.of_ends([_run()], [_run('a')])
    self.assertEqual(found.kind(_run(unusable='no wheel')), 'other')

  def test_what_most_bad_runs_show(self):
    bad = [_run('a', 'b'), _run('a'), _run(), _run('c')]
    self.assertEqual(str(signature.of_ends([_run()], bad)), 'a')

  def test_nothing_of_the_kind(self):
    self.assertIsNone(signature.of_ends([_run()], [_run()]))
    self.assertIsNone(signature.of_ends([_run('a')], [_run('a')]))
    self.assertIsNone(signature.of_ends([_run()], [_run('a'), _run('b')]))
    self.assertIsNone(signature.of_ends([_run()], [_run('a')], only='size'))

  def test_only_some(self):
    found = signature.of_ends([_run()], [_run('a', 'size')], only='size')
    self.assertEqual(found.kind(_run('size')), 'bad')
    self.assertEqual(found.kind(_run('a')), 'other')

  def test_metric(self):
    good, bad = [_run(drop=1.0), _run(drop=1.4)], [_run('x', drop=3.2)]
    found = signature.of_ends(good, bad, metric='drop')
    self.assertEqual(found.kind(_run('y', drop=1.9)), 'good')
    self.assertEqual(found.kind(_run(drop=2.5)), 'bad')
    self.assertEqual(found.kind(_run('run: ValueError')), 'other')
    self.assertIsNone(signature.of_ends(good, [_run('x')], metric='drop'))
    self.assertIsNone(signature.of_ends(good, good, metric='drop'))

  def test_metric_that_is_not_finite_is_bad(self):
    good, nan = [_run(loss=1.0)], _run(loss=math.nan)
    for bad in ([nan], [_run(loss=math.inf), _run(loss=-math.inf)]):
      found = signature.of_ends(good, bad, metric='loss')
      self.assertEqual(found.kind(nan), 'bad')
      self.assertEqual(found.kind(_run(loss=9.0)), 'good')
    found = signature.of_ends(good, [nan, _run(loss=1.0)], metric='loss')
    self.assertEqual(found.kind(nan), 'bad')
    self.assertEqual(found.kind(_run(loss=1.0)), 'good')
    found = signature.of_ends([*good, nan], [_run(loss=3.0)], metric='loss')
    self.assertEqual(found.kind(_run(loss=2.5)), 'bad')
    self.assertEqual(found.kind(_run(loss=1.5)), 'good')
    self.assertIsNone(signature.of_ends([nan], [nan], metric='loss'))


if __name__ == '__main__':
  absltest.main()
