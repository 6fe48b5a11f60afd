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

"""Tests of cifar10_input on the real data."""

import pathlib
import shutil

from absl.testing import parameterized
import numpy as np
import tensorflow as tf

from tfmot_contrib import errors
from tfmot_contrib.data import cifar10_input

_BATCH = 48


def _denormalize(images: np.ndarray) -> np.ndarray:
  """Returns the bytes that the pipeline normalized."""
  pixels = images * cifar10_input.STDDEV + cifar10_input.MEAN
  rounded = np.round(pixels)
  np.testing.assert_allclose(pixels, rounded, atol=1e-3)
  return rounded.astype(np.uint8)


def _batches(
    examples: cifar10_input.Examples, count: int, **options
) -> list[tuple[np.ndarray, np.ndarray]]:
  """Returns the first training batches, as bytes and labels."""
  options = {'batch_size': _BATCH, 'seed': 1, **options}
  dataset = cifar10_input.training_dataset(examples, **options).take(count)
  return [
      (_denormalize(images), labels)
      for images, labels in dataset.as_numpy_iterator()
  ]


def _crops(image: np.ndarray, padding: int) -> list[np.ndarray]:
  """Returns all crops and mirrored crops of an image, the slow way."""
  border = [(padding, padding), (padding, padding), (0, 0)]
  padded = np.pad(image, border, mode='reflect')
  crops = [
      padded[top : top + 32, left : left + 32]
      for top in range(2 * padding + 1)
      for left in range(2 * padding + 1)
  ]
  return crops + [crop[:, ::-1] for crop in crops]


class LoadTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(
      ('train', 50000, 'train', 0),
      ('train_without_holdout', 45000, 'train', 0),
      ('holdout', 5000, 'train', 45000),
      ('test', 10000, 'test', 0),
  )
  def test_splits(self, split, count, stem, start):
    examples = cifar10_input.load(split)
    folder = pathlib.Path(cifar10_input.default_folder())
    labels = np.load(folder / f'{stem}_labels.npy')
    self.assertAllEqual(examples.labels, labels[start : start + count])
    images = np.load(folder / f'{stem}_images.npy', mmap_mode='r')
    self.assertEqual(examples.images.shape, (count, 32, 32, 3))
    for index in (0, count // 2, count - 1):
      self.assertAllEqual(examples.images[index], images[start + index])

  def test_folder_that_is_given(self):
    source = pathlib.Path(cifar10_input.default_folder())
    folder = pathlib.Path(self.create_tempdir().full_path)
    for part in ('images', 'labels'):
      np.save(
          folder / f'test_{part}.npy', np.load(source / f'test_{part}.npy')[:7]
      )
    examples = cifar10_input.load('test', str(folder))
    self.assertAllEqual(examples.images, cifar10_input.load('test').images[:7])

  def test_normalized_training_set(self):
    images = cifar10_input.load('train').images
    sums, squares = np.zeros(3), np.zeros(3)
    for start in range(0, 50000, 10000):
      part = cifar10_input.normalize(images[start : start + 10000])
      self.assertEqual(part.dtype, np.float32)
      sums += part.sum(axis=(0, 1, 2), dtype=np.float64)
      squares += np.square(part).sum(axis=(0, 1, 2), dtype=np.float64)
    count = 50000 * 32 * 32
    self.assertAllClose(sums / count, np.zeros(3), atol=1e-4)
    self.assertAllClose(squares / count, np.ones(3), atol=1e-4)

  def test_unknown_split(self):
    with self.assertRaisesRegex(errors.InputError, 'no split validation of'):
      cifar10_input.load('validation')

  def test_missing_folder(self):
    with self.assertRaisesRegex(
        errors.InputError, '/nonexistent does not hold CIFAR-10.*make it with'
    ):
      cifar10_input.load('train', '/nonexistent')

  @parameterized.parameters(
      (np.zeros([4, 32, 32], np.uint8), np.zeros(4), r'\(4, 32, 32\), not'),
      (np.zeros([4, 32, 32, 3]), np.zeros(4), 'is float64 .* not uint8'),
      (np.zeros([4, 32, 32, 3], np.uint8), np.zeros(5), r'not uint8 \(5, 32'),
  )
  def test_wrong_arrays(self, images, labels, pattern):
    folder = pathlib.Path(self.create_tempdir().full_path)
    np.save(folder / 'test_images.npy', images)
    np.save(folder / 'test_labels.npy', labels.astype(np.uint8))
    with self.assertRaisesRegex(errors.InputError, pattern):
      cifar10_input.load('test', str(folder))

  @parameterized.parameters(0, 64, 100_000)
  def test_truncated_file(self, size):
    source = pathlib.Path(cifar10_input.default_folder())
    folder = pathlib.Path(self.create_tempdir().full_path)
    shutil.copy(source / 'test_labels.npy', folder / 'test_labels.npy')
    with open(source / 'test_images.npy', 'rb') as whole:
      (folder / 'test_images.npy').write_bytes(whole.read(size))
    with self.assertRaisesRegex(errors.InputError, 'does not hold CIFAR-10'):
      cifar10_input.load('test', str(folder))


class TrainingTest(tf.test.TestCase, parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    whole = cifar10_input.load('train')
    # 8 batches and 16 images that fill none.
    cls.examples = cifar10_input.Examples(
        whole.images[:400], whole.labels[:400]
    )

  def _index(self, image: np.ndarray) -> int:
    """Returns which example an unchanged image is."""
    return int(
        np.flatnonzero(
            (self.examples.images == image).all(axis=(1, 2, 3))
        ).item()
    )

  def assert_same_batches(self, actual, expected):
    self.assertLen(actual, len(expected))
    for (images, labels), (other_images, other_labels) in zip(actual, expected):
      self.assertAllEqual(images, other_images)
      self.assertAllEqual(labels, other_labels)

  @parameterized.parameters(1, 5, 8, 11)
  def test_resumed_training_sees_the_same(self, start_step):
    whole = _batches(self.examples, 14)
    rest = _batches(self.examples, 14 - start_step, start_step=start_step)
    self.assert_same_batches(rest, whole[start_step:])

  def test_batch_of_a_step_in_the_millions(self):
    first, second = _batches(self.examples, 2, start_step=3_000_000)
    (again,) = _batches(self.examples, 1, start_step=3_000_001)
    self.assert_same_batches([second], [again])
    self.assertNotAllEqual(first[0], second[0])

  def test_each_epoch_is_another_permutation(self):
    plain = {'padding': 0, 'mirror': False}
    batches = _batches(self.examples, 24, **plain)
    orders = []
    for epoch in range(3):
      order = []
      for images, labels in batches[8 * epoch : 8 * epoch + 8]:
        indices = [self._index(image) for image in images]
        self.assertAllEqual(labels, self.examples.labels[indices])
        order += indices
      self.assertLen(set(order), 8 * _BATCH)
      orders.append(order)
    self.assertNotEqual(orders[0], sorted(orders[0]))
    self.assertNotEqual(orders[0], orders[1])
    self.assertNotEqual(orders[1], orders[2])
    self.assertNotEqual(set(orders[0]), set(orders[1]))  # Others are left out.
    with self.subTest('OtherSeed'):
      other = _batches(self.examples, 1, seed=2, **plain)[0][0]
      self.assertNotEqual([self._index(i) for i in other], orders[0][:_BATCH])
    with self.subTest('BatchThatDividesTheExamples'):
      whole = _batches(self.examples, 4, batch_size=100, **plain)
      order = [self._index(image) for images, _ in whole for image in images]
      self.assertEqual(sorted(order), list(range(400)))

  @parameterized.parameters((4, True), (4, False), (2, True), (0, True))
  def test_crops_are_those_of_a_slow_implementation(self, padding, mirror):
    plain = _batches(self.examples, 3, padding=0, mirror=False)
    augmented = _batches(self.examples, 3, padding=padding, mirror=mirror)
    used = np.zeros(2 * (2 * padding + 1) ** 2, int)
    for (sources, _), (images, labels), (_, expected) in zip(
        plain, augmented, plain
    ):
      self.assertAllEqual(labels, expected)
      for source, image in zip(sources, images):
        same = [np.array_equal(c, image) for c in _crops(source, padding)]
        self.assertTrue(any(same), 'not a crop of its image')
        used += same
    used = used.reshape(2, 2 * padding + 1, 2 * padding + 1)
    # 144 images meet each row, column and side, in their shares.
    self.assertTrue(used.any(axis=(0, 1)).all())
    self.assertTrue(used.any(axis=(0, 2)).all())
    share = used[1].sum() / used.sum()
    self.assertBetween(share, 0.35 if mirror else 0, 0.65 if mirror else 0)

  @parameterized.parameters((4, False, 10), (0, True, 2))
  def test_other_seeds_augment_otherwise(self, padding, mirror, least):
    one = cifar10_input.Examples(
        self.examples.images[:1], self.examples.labels[:1]
    )
    results = {
        seed: [
            images.tobytes()
            for images, _ in _batches(
                one, 20, batch_size=1, seed=seed, padding=padding, mirror=mirror
            )
        ]
        for seed in (1, 2, 3)
    }
    self.assertNotEqual(results[1], results[2])
    self.assertNotEqual(results[2], results[3])
    self.assertGreaterEqual(len(set(results[1])), least)  # And steps differ.

  def test_types(self):
    dataset = cifar10_input.training_dataset(self.examples, _BATCH, seed=1)
    images, labels = dataset.element_spec
    self.assertEqual(
        (images.shape, images.dtype), ([_BATCH, 32, 32, 3], tf.float32)
    )
    self.assertEqual((labels.shape, labels.dtype), ([_BATCH], tf.int32))

  def test_batch_larger_than_the_data(self):
    with self.assertRaisesRegex(
        errors.InputError, 'a batch of 401 is larger than the 400 examples'
    ):
      cifar10_input.training_dataset(self.examples, 401, seed=1)


class EvaluationTest(tf.test.TestCase):

  def test_whole_and_in_order(self):
    whole = cifar10_input.load('test')
    examples = cifar10_input.Examples(whole.images[:250], whole.labels[:250])
    batches = list(
        cifar10_input.evaluation_dataset(examples, 100).as_numpy_iterator()
    )
    self.assertEqual([len(labels) for _, labels in batches], [100, 100, 50])
    images = np.concatenate([images for images, _ in batches])
    self.assertEqual(images.dtype, np.float32)
    self.assertAllClose(
        images, cifar10_input.normalize(examples.images), rtol=0, atol=1e-6
    )
    self.assertAllEqual(_denormalize(images), examples.images)
    labels = np.concatenate([labels for _, labels in batches])
    self.assertAllEqual(labels, examples.labels)


if __name__ == '__main__':
  tf.test.main()
