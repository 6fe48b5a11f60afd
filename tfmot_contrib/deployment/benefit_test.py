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

"""Tests of benefit, with the real converter and interpreter on CIFAR-10."""

import gzip
import json

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer


def _model(head: str) -> tf_keras.Model:
  """Returns a model that was trained for seconds.

  Args:
    head: `pooled` or `flattened`, the way from feature maps to logits.

  Returns:
    The model, which is right more often than chance.
  """
  tf_keras.utils.set_random_seed(1)
  layers = tf_keras.layers
  inputs = tf_keras.Input([32, 32, 3])
  x = layers.Conv2D(16, 3, strides=2, activation='relu')(inputs)
  x = layers.DepthwiseConv2D(3, strides=2, activation='relu')(x)
  x = layers.Conv2D(32, 1, activation='relu')(x)
  if head == 'pooled':
    x = layers.GlobalAveragePooling2D()(x)
  else:
    x = layers.Flatten()(x)
  model = tf_keras.Model(inputs, layers.Dense(10)(x))
  model.compile(
      tf_keras.optimizers.Adam(3e-3),
      tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
  )
  examples = cifar10_input.load('train')
  model.fit(
      cifar10_input.normalize(examples.images[:4096]),
      examples.labels[:4096].astype(np.int32),
      batch_size=64,
      epochs=3,
      verbose=0,
  )
  return model


def _examples(count: int) -> cifar10_input.Examples:
  examples = cifar10_input.load('test')
  return cifar10_input.Examples(
      examples.images[:count], examples.labels[:count]
  )


class BenefitTest(tf.test.TestCase, parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    representative = cifar10_input.normalize(
        cifar10_input.load('train').images[:100]
    )
    cls.models = {head: _model(head) for head in ('pooled', 'flattened')}
    cls.tflite = {
        (head, kind): export.to_tflite(model, kind, representative)
        for head, model in cls.models.items()
        for kind in ('float', 'int8')
    }

  def keras_right(self, head: str, examples: cifar10_input.Examples) -> int:
    """Returns how many examples the Keras model gets right."""
    logits = self.keras_logits(head, examples)
    return int(np.sum(np.argmax(logits, axis=1) == examples.labels))

  def keras_logits(
      self, head: str, examples: cifar10_input.Examples
  ) -> np.ndarray:
    """Returns what the Keras model says of examples."""
    images = cifar10_input.normalize(examples.images)
    return self.models[head](images, training=False).numpy()

  def accuracy(
      self, tflite: bytes, examples: cifar10_input.Examples, threads: int = 1
  ) -> float:
    """Returns the accuracy of an exported model."""
    images = cifar10_input.normalize(examples.images)
    said = benefit.logits(tflite, images, threads=threads)
    return benefit.accuracy(said, examples.labels)

  def measure(self, tflite: bytes, examples: cifar10_input.Examples):
    """Returns what is measured, in comparison with the model itself."""
    keras = self.keras_logits('pooled', examples)
    layers = ['a', 'b', 'c', 'd']
    return benefit.measure(tflite, examples, keras, tflite, layers)

  @parameterized.product(
      head=['pooled', 'flattened'], count=[60, 400, 530], threads=[1, 2]
  )
  def test_float_accuracy_is_that_of_keras(self, head, count, threads):
    examples = _examples(count)
    right = self.keras_right(head, examples)
    self.assertBetween(right / count, 0.2, 0.8)
    measured = self.accuracy(self.tflite[head, 'float'], examples, threads)
    self.assertAllClose(measured, 100 * right / count, rtol=0, atol=1e-9)

  @parameterized.parameters('pooled', 'flattened')
  def test_int8_accuracy_is_near(self, head):
    examples = _examples(530)
    right = self.keras_right(head, examples)
    measured = self.accuracy(self.tflite[head, 'int8'], examples)
    self.assertNear(measured * 5.3, right, 12)

  def test_labels_decide(self):
    examples = _examples(200)
    said = np.argmax(self.keras_logits('pooled', examples), axis=1)
    for labels, expected in ((said, 100.0), ((said + 1) % 10, 0.0)):
      asked = cifar10_input.Examples(examples.images, labels)
      tflite = self.tflite['pooled', 'float']
      self.assertEqual(self.accuracy(tflite, asked), expected)

  @parameterized.parameters(('float', 0, 1e-4), ('int8', 5, 0.1))
  def test_exported_model_says_what_keras_says(self, kind, disagreement, gap):
    images = cifar10_input.normalize(_examples(300).images)
    said = benefit.logits(self.tflite['pooled', kind], images)
    keras = self.keras_logits('pooled', _examples(200))
    compared = benefit.against_keras(said, keras)
    self.assertLessEqual(compared['disagreement'], disagreement)
    self.assertLess(compared['logit_gap'], gap)
    with self.subTest('A constant more for each image changes nothing'):
      more = benefit.against_keras(said + 3, keras)
      self.assertAlmostEqual(more['logit_gap'], compared['logit_gap'], 5)
    with self.subTest('Another model does not'):
      other = benefit.against_keras(said, np.roll(keras, 1, axis=1))
      self.assertGreater(other['disagreement'], 50)
      self.assertGreater(other['logit_gap'], 0.5)

  def test_latency(self):
    tflite = self.tflite['pooled', 'float']
    measured = benefit.latency(tflite, tflite, repeats=7, threads=2)
    self.assertCountEqual(
        measured,
        ['median_ms', 'quartiles_ms', 'times_faster', 'repeats', 'threads'],
    )
    self.assertGreater(measured['times_faster'], 0)
    low, high = measured['quartiles_ms']
    self.assertBetween(measured['median_ms'], low, high)
    self.assertGreater(low, 0)
    self.assertEqual((measured['repeats'], measured['threads']), (7, 2))

  @parameterized.parameters(('float', 0.0, 4), ('int8', 1.0, 1))
  def test_measure(self, kind, integer_share, bytes_a_weight):
    tflite, examples = self.tflite['pooled', kind], _examples(130)
    measured = self.measure(tflite, examples)
    self.assertEqual(json.loads(json.dumps(measured)), measured)
    self.assertEqual(measured['accuracy'], self.accuracy(tflite, examples))
    self.assertEqual(measured['bytes'], len(tflite))
    self.assertEqual(measured['integer_share'], integer_share)
    self.assertEqual(measured['operators'], flatbuffer.operator_counts(tflite))
    kernels = measured['kernels']
    self.assertEqual(
        [(k['operator'], k['size']) for k in kernels],
        [
            ('CONV_2D', 432),
            ('DEPTHWISE_CONV_2D', 144),
            ('CONV_2D', 512),
            ('FULLY_CONNECTED', 320),
        ],
    )
    self.assertGreater(measured['gzip_bytes'], 1000 * bytes_a_weight)
    self.assertEqual([k['name'] for k in kernels], ['a', 'b', 'c', 'd'])
    for kernel, expected in zip(kernels, flatbuffer.kernels(tflite)):
      self.assertEqual(kernel['scales'], expected.scales)
      self.assertEqual(kernel['zeros'], expected.zeros)
      self.assertEqual(kernel['distinct'], expected.distinct)
      self.assertEqual(
          kernel['distinct_per_channel'], expected.distinct_per_channel
      )

  def test_zipped_size_is_that_of_the_bytes(self):
    tflite, examples = self.tflite['pooled', 'float'], _examples(1)
    sizes = {self.measure(tflite, examples)['gzip_bytes'] for _ in range(2)}
    self.assertEqual(sizes, {len(gzip.compress(tflite, 9, mtime=0))})
    self.assertLess(sizes.pop(), len(tflite))

  @parameterized.parameters(0.1, 0.9)
  def test_damaged_model(self, share):
    tflite = self.tflite['pooled', 'float']
    tflite = tflite[: int(len(tflite) * share)]
    with self.assertRaisesRegex(errors.InputError, 'interpreter refuses'):
      self.accuracy(tflite, _examples(1))
    with self.assertRaisesRegex(errors.InputError, 'interpreter refuses'):
      benefit.latency(tflite, tflite)
    with self.assertRaises(errors.InputError):
      self.measure(tflite, _examples(1))


if __name__ == '__main__':
  tf.test.main()
