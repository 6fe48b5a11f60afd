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

"""Tests what a verdict stands on."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import judge_testing
from tfmot_contrib.convergence import pairing


class PairingTest(parameterized.TestCase):

  def test_seed_given_twice(self):
    shown = judge_testing.shown(0.2, 0.2)
    shown = dataclasses.replace(shown, runs=[shown.runs[0]] * 2)
    with self.assertRaisesRegex(errors.InputError, r'the seeds \[1, 1\]'):
      pairing.check(shown)

  @parameterized.parameters((3, False), (0, True))
  def test_seeds_that_train_the_same(self, steps, fits):
    shown = judge_testing.shown(0.2, 0.2)
    for run in (*shown.runs, *shown.controls):
      run.training['steps'] = steps
    if fits:  # Where nothing is trained, nothing is drawn.
      return pairing.check(shown)
    with self.assertRaisesRegex(
        errors.InputError, 'the same weights: the seed'
    ):
      pairing.check(shown)

  def test_runs_of_two_processors(self):
    shown = judge_testing.shown(0.2, 0.2)
    shown.runs[1] = dataclasses.replace(shown.runs[1], instruction_set='avx')
    with self.assertRaisesRegex(errors.InputError, 'processors avx and avx2'):
      pairing.check(shown)

  def test_control_missing(self):
    shown = judge_testing.shown(0.2, 0.2)
    shown = dataclasses.replace(shown, controls=shown.controls[:1])
    with self.assertRaisesRegex(errors.InputError, '2 runs and 1 controls'):
      pairing.check(shown)

  def test_controls_in_another_order(self):
    shown = judge_testing.shown(0.2, 0.2)
    shown = dataclasses.replace(shown, controls=shown.controls[::-1])
    with self.assertRaisesRegex(errors.InputError, 'has another recipe'):
      pairing.check(shown)

  @parameterized.parameters(
      ({'instruction_set': 'avx512f'}, 'another processor'),
      ({'data': '9' * 64}, 'has data'),
      ({'lineage': ['9' * 64]}, 'does not come from'),
      ({'params': {'task': {'train_data': {'x': 1}}}}, 'another recipe'),
  )
  def test_reference_or_baseline_of_another_run(self, changes, message):
    shown = judge_testing.shown(0.2)
    runs = [dataclasses.replace(shown.runs[0], **changes)]
    with self.assertRaisesRegex(errors.InputError, message):
      pairing.check(dataclasses.replace(shown, runs=runs))


if __name__ == '__main__':
  absltest.main()
