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

"""Tests of the counting of zeros, on kernels made by hand."""

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.pruning import pruning_config
from tfmot_contrib.pruning import structure


def _kernel(*rows: list[float], operator: str = 'FULLY_CONNECTED'):
  """Returns a kernel of one row an output channel."""
  values = np.array(rows, np.float32)
  if operator == 'CONV_2D':
    values = values[:, None, None]
  return flatbuffer.Kernel('kernel', operator, values)


class StructureTest(parameterized.TestCase):

  @parameterized.parameters('FULLY_CONNECTED', 'CONV_2D')
  def test_m_by_n(self, operator):
    kernel = _kernel(
        [1, 2, 0, 0, 3, 0, 4, 0, 5, 6],  # Right: a group of 2 keeps both.
        [1, 2, 3, 0, 0, 0, 0, 4, 0, 5],  # Too many; too few, twice.
        operator=operator,
    )
    self.assertEqual(structure.m_by_n(kernel, 2, 4), (1, 1, 2))
    self.assertEqual(structure.m_by_n(kernel, 1, 4), (0, 0, 4))

  def test_groups_do_not_go_on_in_the_next_row(self):
    kernel = _kernel([1, 2, 0], [1, 0, 2])
    self.assertEqual(structure.m_by_n(kernel, 2, 4), (0, 0, 0))

  @parameterized.parameters(
      # Of 10 weights, 4 are zero.
      (0.4, (0, 0, 0)),
      (0.3, (0, 0, 1)),
      (0.6, (0, 2, 0)),
      (0.35, (0, 0, 0)),  # TFMOT keeps 6.5 rounded to the even number.
  )
  def test_single_weights(self, sparsity, expected):
    kernel = _kernel([1, 2, 3, 0, 0], [4, 0, 5, 6, 0])
    self.assertEqual(structure.blocks(kernel, [1, 1], sparsity), expected)

  def test_at_least_one_is_left(self):
    kernel = _kernel([0, 0, 1, 0, 0])
    self.assertEqual(structure.blocks(kernel, [1, 1], 0.99), (0, 0, 0))

  def test_blocks_are_of_input_channels_by_output_channels(self):
    kernel = _kernel([1, 2, 0, 0, 3], [4, 5, 0, 0, 6])
    self.assertEqual(structure.blocks(kernel, [2, 2], 1 / 3), (0, 0, 0))
    self.assertEqual(structure.blocks(kernel, [2, 1], 1 / 3), (0, 0, 0))
    self.assertEqual(structure.blocks(kernel, [1, 2], 2 / 5), (0, 0, 0))
    self.assertEqual(structure.blocks(kernel, [4, 1], 1 / 2), (2, 2, 0))

  def test_judge_goes_by_the_config(self):
    kernel = _kernel([1, 1, 0, 0], [1, 1, 1, 1])
    for options, expected in (
        ({'sparsity_m_by_n': [2, 4]}, (1, 1, 0)),
        ({'block_size': [2, 1]}, (0, 1, 0)),
        ({}, (0, 2, 0)),
    ):
      config = pruning_config.PruningConfig(final_sparsity=0.5, **options)
      self.assertEqual(structure.judge(kernel, config), expected)

  def test_sparsity(self):
    kernels = [_kernel([0, 1]), _kernel([0, 0, 0, 0, 0, 1])]
    self.assertEqual(structure.sparsity(kernels), 6 / 8)


if __name__ == '__main__':
  absltest.main()
