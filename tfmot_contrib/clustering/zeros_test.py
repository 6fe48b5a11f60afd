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

"""Tests of remembering zeros."""

import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib.clustering import zeros
from tfmot_contrib.deployment import flatbuffer


class GivenZerosTest(tf.test.TestCase):

  def setUp(self):
    super().setUp()
    layers = tf_keras.layers
    inputs = tf_keras.Input([4, 4, 2])
    x = layers.Conv2D(3, 2, name='convolution')(inputs)
    x = layers.DepthwiseConv2D(2, depth_multiplier=2, name='depthwise')(x)
    x = layers.Dense(5, name='dense')(layers.Flatten()(x))
    self.model = tf_keras.Model(inputs, x)
    random = np.random.default_rng(0)
    for name in ('convolution', 'depthwise', 'dense'):
      kernel = self.model.get_layer(name).weights[0]
      kernel.assign(random.integers(0, 3, kernel.shape).astype(np.float32))

  def _kernels(self, model):
    """Returns the kernels of a model as TFLite stores them."""
    convolution, depthwise, dense = (
        model.get_layer(name).weights[0].numpy()
        for name in ('convolution', 'depthwise', 'dense')
    )
    return [
        flatbuffer.Kernel(
            'convolution', 'CONV_2D', convolution.transpose([3, 0, 1, 2])
        ),
        flatbuffer.Kernel(
            'depthwise', 'DEPTHWISE_CONV_2D', depthwise.reshape([1, 2, 2, 6])
        ),
        flatbuffer.Kernel('dense', 'FULLY_CONNECTED', dense.T),
    ]

  def test_counts_and_finds_them_in_each_layout(self):
    given = zeros.GivenZeros(self.model)
    kernels = self._kernels(self.model)
    self.assertEqual(given.count, sum(kernel.zeros for kernel in kernels))
    self.assertEqual(given.lost({'float': kernels}), 0)
    for i, kernel in enumerate(kernels):
      others = kernels[:i] + kernels[i + 1 :]
      wrong = kernel._replace(values=np.ones_like(kernel.values))
      exported = {'float': kernels, 'int8': [wrong, *others]}
      self.assertEqual(given.lost(exported), kernel.zeros)

  def test_one_moved_zero_is_one_lost(self):
    given = zeros.GivenZeros(self.model)
    kernels = self._kernels(self.model)
    values = kernels[0].values.copy()
    first = np.argwhere(values == 0)[0]
    values[tuple(np.argwhere(values != 0)[0])] = 0
    values[tuple(first)] = 1
    exported = {'float': [kernels[0]._replace(values=values), *kernels[1:]]}
    self.assertEqual(given.lost(exported), 1)

  def test_action(self):
    given = zeros.GivenZeros(self.model)
    keep = given.action(self.model)
    expected = [kernel.values for kernel in self._kernels(self.model)]
    for variable in self.model.trainable_variables:
      variable.assign_add(tf.cast(variable == 0, tf.float32))
    self.assertEqual(
        given.lost({'float': self._kernels(self.model)}), given.count
    )
    keep({})
    for kernel, values in zip(self._kernels(self.model), expected, strict=True):
      self.assertAllEqual(kernel.values, values)


if __name__ == '__main__':
  tf.test.main()
