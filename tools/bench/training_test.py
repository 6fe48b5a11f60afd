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

"""Tests for the training benchmark: all but the training."""

import contextlib
import io
import pathlib

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from official.vision.dataloaders import classification_input
from tfmot_contrib import errors
from tfmot_contrib.data import cifar10_input
from tools.bench import flops
from tools.bench import report
from tools.bench import training
from tools.bench import worker

_layers = tf_keras.layers


def _small_model() -> tf_keras.Model:
  """A model with one of each kernel, a shared layer and a nested model."""
  inputs = tf_keras.Input([8, 8, 3])
  x = _layers.Conv2D(4, 3, padding='same')(inputs)
  x = _layers.BatchNormalization()(x)
  x = _layers.DepthwiseConv2D(3, strides=2, padding='same')(x)
  shared = _layers.Conv2D(4, 1, groups=2)
  x = _layers.ReLU()(shared(shared(x)))
  head_inputs = tf_keras.Input([4, 4, 4])
  y = _layers.GlobalAveragePooling2D()(head_inputs)
  head = tf_keras.Model(head_inputs, _layers.Dense(10)(y))
  return tf_keras.Model(inputs, head(x))


def _part(precision: str, *speeds: float) -> dict:
  """What `training.measure` returns for a variant."""
  return {
      'precision': precision,
      'training_flops_per_image': int(50e6),
      'train': [
          {'images_per_second': s, 'cpu_ms_per_image': 2000 / s} for s in speeds
      ],
      'read': [{'images_per_second': 8000.0} for _ in speeds],
  }


class FlopsTest(tf.test.TestCase):

  def test_each_kernel_is_counted_exactly(self):
    convolution = 8 * 8 * 4 * (3 * 3 * 3)
    depthwise = 4 * 4 * 4 * (3 * 3)
    grouped = 4 * 4 * 4 * 2
    dense = 4 * 10
    expected = 2 * (convolution + depthwise + 2 * grouped + dense)
    self.assertEqual(flops.forward_flops(_small_model()), expected)
    self.assertEqual(flops.training_flops(_small_model()), 3 * expected)


class WorkerTest(tf.test.TestCase):

  def test_records_are_what_upstream_decodes(self):
    images = np.full([20, 32, 32, 3], 128, np.uint8)
    examples = cifar10_input.Examples(images, np.arange(20, dtype=np.uint8))
    folder, told = pathlib.Path(self.create_tempdir().full_path), []
    worker.write_records(examples, folder, told.append)
    worker.write_records(examples, folder, told.append)
    self.assertLen(told, 10)
    files = sorted(str(path) for path in folder.glob('train-*.tfrecord'))
    parser = classification_input.Parser([32, 32], 10)
    dataset = (
        tf.data.TFRecordDataset(files)
        .map(classification_input.Decoder().decode)
        .map(parser.parse_fn(is_training=True))
    )
    images, labels = next(iter(dataset.batch(20)))
    self.assertEqual(images.shape, [20, 32, 32, 3])
    self.assertCountEqual(labels.numpy().tolist(), range(20))

  def test_stock_differs_in_task_and_input_only(self):
    ours = worker.ours('resnet_cifar10', '/data')
    stock = worker.stock('resnet_cifar10', pathlib.Path('/records'))
    self.assertEqual(ours.runtime.mixed_precision_dtype, 'float32')
    self.assertIsNone(stock.runtime.mixed_precision_dtype)
    self.assertEqual(ours.task.model.as_dict(), stock.task.model.as_dict())
    self.assertEqual(ours.task.losses.as_dict(), stock.task.losses.as_dict())
    self.assertEqual(ours.trainer.as_dict(), stock.trainer.as_dict())
    self.assertEqual(
        ours.task.train_data.global_batch_size,
        stock.task.train_data.global_batch_size,
    )
    self.assertNotIsInstance(stock.task, type(ours.task))

  def test_matmul_has_a_speed(self):
    self.assertGreater(worker.matmul_gflops('float32', 0.01)['gflops'], 0)


class TableTest(tf.test.TestCase):

  def test_middle_is_median_and_range(self):
    self.assertEqual(report.middle([3.0, 1.0, 2.0], 1), '2.0 (1.0-3.0)')
    self.assertEqual(report.middle([1234.4]), '1,234 (1,234-1,234)')

  def test_ratio_is_of_rounds_side_by_side(self):
    result = {
        'ours': _part('bfloat16', 2000, 1000, 3000),
        'stock': _part('float32', 1000, 1000, 1000),
        'matmul': {
            'float32': [{'gflops': 100.0}],
            'bfloat16': [{'gflops': 200.0}],
        },
    }
    self.assertEqual(report.ratios(result), [2.0, 1.0, 3.0])
    text = report.table({'resnet_cifar10': result})
    self.assertIn('ours/stock 2.00 (1.00-3.00), aim >= 2.0: met;', text)
    self.assertIn('2.00 by processor time', text)
    ours, stock = text.splitlines()[1:3]
    # 2000 images/s of 50 MFLOP each, of 200 GFLOP/s.
    self.assertContainsInOrder(
        ['ours', 'bfloat16', '2,000 (1,000-3,000)', '100.0', '50%', '4.0x'],
        ours,
    )
    self.assertContainsInOrder(['stock', 'float32', '50.0', '50%'], stock)
    self.assertLess(max(map(len, text.splitlines())), 130)
    result['stock'] = _part('float32', 1500, 1500, 1500)
    self.assertIn('missed', report.table({'resnet_cifar10': result}))


class FlagsTest(parameterized.TestCase, tf.test.TestCase):

  def test_defaults(self):
    flags = training.parse_flags([])
    self.assertEqual(flags.models, list(training.MODELS))
    self.assertEqual((flags.seconds, flags.rounds), (20, 3))

  @parameterized.parameters(
      '--secnds=3',
      '--seconds=0',
      '--seconds=nan',
      '--rounds=x',
      '--models=',
      '--models=resnet',
      '--json=/nowhere/at/all.json',
      'extra',
  )
  def test_bad_flag_is_one_line_and_exit_code_2(self, flag):
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
      with self.assertRaises(SystemExit) as caught:
        training.main([flag])
    self.assertEqual(caught.exception.code, 2)
    self.assertLen(stderr.getvalue().splitlines(), 1)
    self.assertStartsWith(stderr.getvalue(), 'error: ')

  def test_help_tells_what_stock_means(self):
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
      with self.assertRaises(SystemExit):
        training.parse_flags(['--help'])
    self.assertIn("Official Models' ImageClassificationTask", stdout.getvalue())

  def test_data_that_are_not_there_are_the_callers_to_mend(self):
    folder = self.create_tempdir().full_path
    with self.assertRaisesRegex(errors.InputError, 'does not hold CIFAR-10'):
      training.Worker('resnet_cifar10', 'stock', folder, folder)


if __name__ == '__main__':
  tf.test.main()
