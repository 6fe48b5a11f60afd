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

"""Tests the measurement of a run, with a model that looks to one side."""

import json
import pathlib

import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib.convergence import measure
from tfmot_contrib.convergence import record
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import export

# Of ten images with a bright left half, how many have the label of that.
_RIGHT = 8


def _model() -> tf_keras.Model:
  """Returns a model that says 0 if the left half is the brighter, else 1."""
  inputs = tf_keras.Input([32, 32, 3])
  halves = tf_keras.layers.Conv2D(2, 32, use_bias=False)
  outputs = tf_keras.layers.Flatten()(halves(inputs))
  left = np.zeros([32, 32, 3, 1], np.float32)
  left[:, :16] = 1e-3
  halves.set_weights([np.concatenate([left, left[:, ::-1]], axis=-1)])
  return tf_keras.Model(inputs, outputs)


class MeasureTest(tf.test.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    images = np.zeros([10, 32, 32, 3], np.uint8)
    images[:, :, :16] = 200
    labels = np.array([0] * _RIGHT + [1] * (10 - _RIGHT), np.uint8)
    np.save(self.folder / 'test_images.npy', images)
    np.save(self.folder / 'test_labels.npy', labels)
    model = _model()
    images = cifar10_input.normalize(images)
    tflite = export.to_tflite(model, 'float', images)
    (self.folder / 'float.tflite').write_bytes(tflite)
    layers = {'float': [model.layers[1].name]}
    (self.folder / 'layers.json').write_text(json.dumps(layers))
    np.save(self.folder / 'logits.npy', model(images).numpy())
    run = record.Run(
        experiment='sides_cifar10',
        tier='smoke',
        seed=1,
        params={'task': {'validation_data': {'split': 'test'}}},
        environment='a' * 64,
        versions={},
        data='b' * 64,
        batches={'train': 'c' * 64, 'validation': 'd' * 64},
        instruction_set='avx2',
        weights='e' * 64,
        parameters=6144,
        lineage=[],
        training={
            'steps': 0,
            'seconds': 0,
            'cpu_seconds': 0,
            'images_per_second': 0,
            'cpus': 2,
        },
        health={},
        keras={'accuracy': _RIGHT / 10},
        invariants={},
    )
    record.write(run, self.folder / 'run.json')

  def measured(self) -> record.Record:
    """Returns the record of the run."""
    return measure.measure(self.folder, self.folder, str(self.folder))

  def test_mirror_images_count_too(self):
    exported = self.measured().exported['float']
    self.assertEqual(exported['accuracy'], 80)
    self.assertEqual(exported['mirrored_accuracy'], (80 + 20) / 2)

  def test_gap_to_keras_is_of_the_test_set(self):
    self.assertEqual(self.measured().exported['float']['keras_gap'], 0)

  def test_nothing_exported(self):
    (self.folder / 'float.tflite').unlink()
    with self.assertRaisesRegex(errors.InputError, 'no exported model in'):
      self.measured()


if __name__ == '__main__':
  tf.test.main()
