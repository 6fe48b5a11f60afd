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

"""The input pipeline of CIFAR-10, fast enough to leave both cores to training.

The images stay in memory as bytes. A batch is one `tf.gather` of pixels: which
image, and where its random crop and mirror take each pixel from, is arithmetic
on indices. Batch number t is a function of the seed and t alone, so a training
that resumes at step t sees exactly what an uninterrupted one would have seen.
The arrays come from `cifar10_provider`.
"""

import os
import pathlib
from typing import NamedTuple

import numpy as np
import runfiles
import tensorflow as tf

from tfmot_contrib import errors

IMAGE_SHAPE = (32, 32, 3)
NUM_CLASSES = 10
# Of the training set, in units of 0..255 (see the provider).
MEAN = np.array([125.307, 122.950, 113.865], np.float32)
STDDEV = np.array([62.993, 62.089, 66.705], np.float32)
# The last tenth of the training set is for choosing hyperparameters.
HOLDOUT = 5000
SPLITS = ('train', 'train_without_holdout', 'holdout', 'test')


class Examples(NamedTuple):
  """Images uint8 [n, 32, 32, 3], RGB, and labels uint8 [n]."""

  images: np.ndarray
  labels: np.ndarray


def default_folder() -> str:
  """Returns where Bazel put the data of this target."""
  found = runfiles.Create()
  path = found.Rlocation('cifar10/train_labels.npy') if found else None
  if not path or not os.path.exists(path):
    raise errors.InputError(
        'no CIFAR-10 beside this program: run it with Bazel, or set'
        ' task.train_data.input_path and task.validation_data.input_path to the'
        ' folder that tfmot_contrib/data/cifar10_provider.py made'
    )
  return os.path.dirname(path)


def load(split: str, folder: str = '') -> Examples:
  """Reads a split.

  Args:
    split: One of `SPLITS`.
    folder: What the provider made. The default is that of the Bazel target.

  Returns:
    The images and labels.

  Raises:
    errors.InputError: There is no such split, or the files are not what the
      provider makes.
  """
  if split not in SPLITS:
    raise errors.InputError(f'no split {split} of CIFAR-10: one of {SPLITS}')
  root = pathlib.Path(folder or default_folder())
  stem = 'test' if split == 'test' else 'train'
  try:
    images = np.load(root / f'{stem}_images.npy')
    labels = np.load(root / f'{stem}_labels.npy')
  except (OSError, ValueError, EOFError) as error:
    raise errors.InputError(
        f'{root} does not hold CIFAR-10: {error}; make it with'
        ' tfmot_contrib/data/cifar10_provider.py'
    ) from error
  if images.shape != (len(labels), *IMAGE_SHAPE) or images.dtype != np.uint8:
    raise errors.InputError(
        f'{root}/{stem}_images.npy is {images.dtype} {images.shape}, not uint8'
        f' {(len(labels), *IMAGE_SHAPE)}: delete the folder and make it again'
    )
  cut = {
      'holdout': slice(-HOLDOUT, None),
      'train_without_holdout': slice(None, -HOLDOUT),
  }
  part = cut.get(split, slice(None))
  return Examples(images[part], labels[part])


def normalize(images: np.ndarray) -> np.ndarray:
  """Returns uint8 images as the float32 that the models take."""
  return (images.astype(np.float32) - MEAN) / STDDEV


def evaluation_dataset(examples: Examples, batch_size: int) -> tf.data.Dataset:
  """Returns one pass over the examples, in order.

  Args:
    examples: What to read.
    batch_size: Images a batch; the last one may be smaller.

  Returns:
    Batches (float32 [b, 32, 32, 3], int32 [b]).
  """
  dataset = tf.data.Dataset.from_tensor_slices(tuple(examples)).batch(
      batch_size
  )
  return dataset.map(
      lambda x, y: (
          (tf.cast(x, tf.float32) - MEAN) / STDDEV,
          tf.cast(y, tf.int32),
      ),
  ).prefetch(2)


def _reflect(position: tf.Tensor, size: int) -> tf.Tensor:
  """Mirrors positions outside [0, size) at the border pixel."""
  position = tf.abs(position)
  return tf.minimum(position, 2 * (size - 1) - position)


def training_dataset(
    examples: Examples,
    batch_size: int,
    *,
    seed: int,
    start_step: int = 0,
    padding: int = 4,
    mirror: bool = True,
) -> tf.data.Dataset:
  """Returns endless shuffled and augmented batches.

  Each epoch is another permutation; what does not fill a batch is left out.

  Args:
    examples: What to read.
    batch_size: Images a batch.
    seed: Of the permutations, crops and mirrors.
    start_step: The number of the first batch.
    padding: Pixels that a random crop may go over each border (mirrored there).
    mirror: Whether to mirror half of the images.

  Returns:
    Batches (float32 [batch_size, 32, 32, 3], int32 [batch_size]).

  Raises:
    errors.InputError: There are fewer examples than a batch needs.
  """
  count = len(examples.labels)
  steps_per_epoch = count // batch_size
  if not steps_per_epoch:
    raise errors.InputError(
        f'a batch of {batch_size} is larger than the {count} examples'
    )
  height, width, channels = IMAGE_SHAPE
  pixels = tf.constant(examples.images.reshape(-1, channels))
  labels = tf.constant(examples.labels.astype(np.int32))
  rows = tf.range(height)[None, :, None]
  columns = tf.range(width)[None, None, :]

  def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    epoch, position = step // steps_per_epoch, step % steps_per_epoch
    order = tf.cast(position * batch_size, tf.int32) + tf.range(batch_size)
    image = tf.random.experimental.index_shuffle(
        order, [seed, tf.cast(epoch, tf.int32)], count - 1
    )
    jitter = (
        tf.random.stateless_uniform(
            [2, batch_size, 1, 1], [seed, step], 0, 2 * padding + 1, tf.int32
        )
        - padding
    )
    flip = tf.random.stateless_uniform([batch_size, 1, 1], [seed + 1, step])
    row = _reflect(rows + jitter[0], height)
    column = _reflect(columns + jitter[1], width)
    if mirror:
      column = tf.where(flip < 0.5, width - 1 - column, column)
    index = (image[:, None, None] * height + row) * width + column
    crop = tf.cast(tf.gather(pixels, index), tf.float32)
    return (crop - MEAN) / STDDEV, tf.gather(labels, image)

  steps = tf.data.Dataset.counter(start_step)
  return steps.map(batch, num_parallel_calls=1).prefetch(4)
