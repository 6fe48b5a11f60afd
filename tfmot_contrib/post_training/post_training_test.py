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

"""Tests of post-training quantization, on what the real converter makes."""

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels
from tfmot_contrib.post_training import post_training


def _model() -> tf_keras.Model:
  """Returns a model with each kind of kernel, one of them small."""
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(64, 3, use_bias=False, name='large')(inputs)
  x = layers.BatchNormalization()(x)
  x = layers.ReLU()(x)
  x = layers.DepthwiseConv2D(3, name='depthwise')(x)
  x = layers.Conv2D(32, 1, name='pointwise')(x)
  x = layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, layers.Dense(5, name='small')(x))


def _exported(
    technique: technique_lib.Technique,
) -> dict[str, list[flatbuffer.Kernel]]:
  """Returns the kernels of each kind that a technique exports."""
  images = np.random.default_rng(0).normal(size=(8, 8, 8, 3))
  images = images.astype(np.float32)
  model = technique.strip(technique.apply(_model()))
  by_channel = kernels.by_channel(model)
  return {
      kind: flatbuffer.named(
          flatbuffer.kernels(technique.export(model, kind, images)), by_channel
      )
      for kind in technique.kinds
  }


class PostTrainingTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(
      # The converter leaves kernels of fewer than 1,024 weights float.
      ('dynamic_range', ['depthwise', 'small']),
      ('float16', []),
      ('int8', []),
  )
  def test_what_is_left_float(self, kind, skipped):
    config = post_training.PostTrainingConfig(kind=kind)
    technique = technique_lib.create(config)
    self.assertEqual(technique.kinds, (kind,))
    exported = _exported(technique)
    measured = technique.invariants(exported)
    self.assertEqual(measured['skipped'], skipped)
    self.assertEqual(measured['kernels_left_float'], len(skipped))
    every = ['large', 'depthwise', 'pointwise', 'small']
    self.assertEqual(
        measured['covered'], [name for name in every if name not in skipped]
    )
    sizes = {k.name: k.values.size for k in exported[kind]}
    self.assertAllClose(
        measured['weights_left_float'],
        sum(sizes[name] for name in skipped) / sum(sizes.values()),
    )

  def test_float_kernels_are_seen(self):
    for kind in ('dynamic_range', 'float16', 'int8'):
      technique = post_training.PostTraining(
          post_training.PostTrainingConfig(kind=kind)
      )
      kernel = flatbuffer.Kernel(
          'x', 'CONV_2D', np.array([[[[0.1]]]], np.float32)
      )
      measured = technique.invariants({kind: [kernel]})
      self.assertEqual(measured['skipped'], ['x'])
      self.assertEqual(measured['weights_left_float'], 1)

  def test_bad_kind(self):
    config = post_training.PostTrainingConfig(kind='int4')
    with self.assertRaisesRegex(errors.InputError, 'kind is int4: one of'):
      technique_lib.create(config)


if __name__ == '__main__':
  tf.test.main()
