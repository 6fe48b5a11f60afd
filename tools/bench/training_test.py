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
from tools.bench import report
from tools.bench import training
from tools.bench import worker


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


class WorkerTest(tf.test.TestCase):

  def test_records_are_what_upstream_decodes(self):
    images = np.full([20, 32, 32, 3], 128, np.uint8)
    examples = cifar10_input.Examples(images, np.arange(20, dtype=np.uint8))
    folder = pathlib.Path(self.create_tempdir().full_path)
    worker.write_records(examples, folder)
    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    worker.write_records(examples, folder)
    after = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    self.assertEqual(after, written)
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

  def test_operations_of_a_training_step(self):
    layers = [
        tf_keras.layers.Conv2D(4, 3, use_bias=False, input_shape=(8, 8, 3))
    ]
    layers.append(tf_keras.layers.Flatten())
    multiplications = 6 * 6 * 4 * (3 * 3 * 3)
    self.assertEqual(
        worker.training_flops(tf_keras.Sequential(layers)),
        3 * 2 * multiplications,
    )

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
    ours, stock = text.splitlines()[2:4]
    # 2000 images/s of 50 MFLOP each, of 200 GFLOP/s.
    self.assertContainsInOrder(
        ['ours', 'bfloat16', '2,000 (1,000-3,000)', '100.0', '50%', '4.0x'],
        ours,
    )
    self.assertContainsInOrder(['stock', 'float32', '50.0', '50%'], stock)
    result['stock'] = _part('float32', 1500, 1500, 1500)
    self.assertIn('missed', report.table({'resnet_cifar10': result}))


class FlagsTest(parameterized.TestCase, tf.test.TestCase):

  def test_defaults(self):
    flags = training.parse_flags([])
    self.assertEqual(flags.models, training.MODELS)
    self.assertEqual((flags.seconds, flags.rounds), (20, 3))

  @parameterized.parameters(
      '--secnds=3',
      '--seconds=0',
      '--seconds=nan',
      '--rounds=x',
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
    self.assertIn('error: ', stderr.getvalue().splitlines()[-1])

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
