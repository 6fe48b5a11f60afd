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

"""Tests of what a run sees of its variables."""

import json
import pathlib

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib.convergence import health


def _model() -> tf_keras.Model:
  """Returns a model of two dense layers, the second of which is frozen."""
  inputs = tf_keras.Input([4])
  x = tf_keras.layers.Dense(3, name='first')(inputs)
  x = tf_keras.layers.BatchNormalization(name='norm')(x)
  model = tf_keras.Model(inputs, tf_keras.layers.Dense(2, name='last')(x))
  model.get_layer('last').trainable = False
  return model


class ObserverTest(tf.test.TestCase):

  def setUp(self):
    super().setUp()
    self.model = _model()
    self.step = tf.Variable(0, dtype=tf.int64)
    self.observer = health.Observer(self.model, self.step)

  def look(self, step: int) -> None:
    """Lets the observer look."""
    self.step.assign(step)
    self.observer({})

  def test_tells_what_moved_and_when(self):
    first, last = (self.model.get_layer(n) for n in ('first', 'last'))
    self.look(10)
    first.kernel.assign_add(tf.ones([4, 3]))
    self.look(20)
    last.bias.assign([1.0, 0.0])
    self.look(25)
    summary = self.observer.summary()
    self.assertEqual(summary['steps'], [10, 20, 25])
    kinds = summary['kinds']
    self.assertEqual(kinds['kernel (trainable)']['moved'], [0, 1, 1])
    self.assertEqual(kinds['bias']['moved'], [0, 0, 1])
    self.assertEqual(kinds['bias (trainable)']['moved'], [0, 0, 0])
    self.assertEqual(kinds['moving_variance']['of'], 1)
    variables = self.observer.variables()
    self.assertEqual(variables['first/kernel']['moved'], [False, True, True])
    self.assertTrue(variables['first/kernel']['trainable'])
    self.assertFalse(variables['last/kernel']['trainable'])
    self.assertEqual(json.loads(json.dumps(summary)), summary)
    self.assertEqual(json.loads(json.dumps(variables)), variables)

  def test_counts_zeros_and_values(self):
    kernel = self.model.get_layer('first').kernel
    for step, value in ((1, [0, 0, 5]), (2, [0, 1, 2])):
      kernel.assign(np.tile(np.float32(value), [4, 1]))
      self.look(step)
    kind = self.observer.summary()['kinds']['kernel (trainable)']
    self.assertEqual(kind['zeros'], [8, 4])
    self.assertEqual(kind['distinct'], [2, 3])

  def test_back_where_it_began_has_not_moved(self):
    bias = self.model.get_layer('first').bias
    start = bias.numpy()
    bias.assign(start + 1)
    self.look(1)
    bias.assign(start)
    self.look(2)
    moved = self.observer.summary()['kinds']['bias (trainable)']['moved']
    self.assertEqual(moved, [1, 0])

  def test_what_is_not_finite_stays_known(self):
    bias = self.model.get_layer('first').bias
    for value in (np.nan, np.inf):
      observer = health.Observer(self.model, self.step)
      for number in (value, 0.0):  # It is finite again at the end.
        bias.assign([0.0, number, 0.0])
        observer({})
      self.assertEqual(observer.summary()['not_finite'], 1)

  def test_many_values_are_not_counted(self):
    inputs = tf_keras.Input([40])
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(10)(inputs))
    observer = health.Observer(model, self.step)
    observer({})
    kinds = observer.summary()['kinds']
    self.assertEqual(kinds['kernel (trainable)']['distinct'], [None])

  def test_equal_names_are_kept_apart(self):
    for _ in range(2):
      self.model.get_layer('first').add_weight(
          name='mask', shape=[2], initializer='zeros', trainable=False
      )
    observer = health.Observer(self.model, self.step)
    self.model.get_layer('first').non_trainable_weights[1].assign([1.0, 0.0])
    observer({})
    kind = observer.summary()['kinds']['mask']
    self.assertEqual((kind['of'], kind['moved'], kind['zeros']), (2, [1], [3]))


class InstructionSetTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(
      ('flags : fpu avx2 avx512f avx512_vnni', 'avx512_vnni'),
      ('flags : fpu sse avx avx2', 'avx2'),
      ('Features : fp asimd', 'asimd'),
      ('flags : fpu avx2x', 'unknown'),
  )
  def test_most_able(self, text, expected):
    path = pathlib.Path(self.create_tempdir().full_path) / 'cpuinfo'
    path.write_text(text)
    self.assertEqual(health.instruction_set(path), expected)

  def test_no_such_file(self):
    self.assertEqual(health.instruction_set('/nowhere'), 'unknown')


if __name__ == '__main__':
  tf.test.main()
