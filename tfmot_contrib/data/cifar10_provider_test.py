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

"""Tests of cifar10_provider, on the real data in both of its packings."""

import io
import json
import os
import pathlib
import shutil
import tarfile
import tempfile
from typing import Mapping
import zlib

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
from PIL import Image

from tfmot_contrib import errors
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.data import cifar10_provider

_NAMES = ('train_images', 'train_labels', 'test_images', 'test_labels')


def _tar(path: pathlib.Path, mode: str, members: Mapping[str, bytes]) -> None:
  """Writes an archive of the members, fast."""
  options = {'compresslevel': 0} if mode == 'w:gz' else {}
  with tarfile.open(path, mode, **options) as archive:
    for name, data in members.items():
      info = tarfile.TarInfo(name)
      info.size = len(data)
      archive.addfile(info, io.BytesIO(data))


def _binary(images: np.ndarray, labels: np.ndarray) -> bytes:
  """Returns records of a label byte and three planes, as the authors do."""
  planes = images.transpose(0, 3, 1, 2).reshape(-1, 3072)
  return np.concatenate([labels[:, None], planes], axis=1).tobytes()


def _png(images: np.ndarray) -> bytes:
  """Returns a PNG of one image a row, as the package does."""
  stream = io.BytesIO()
  rows = Image.fromarray(images.reshape(-1, 1024, 3))
  rows.save(stream, 'png', compress_level=0)
  return stream.getvalue()


def _parts(arrays: cifar10_provider.Arrays):
  """Yields the name, images and labels of each file of both packings."""
  images, labels = arrays['train_images'], arrays['train_labels']
  for i in range(5):
    part = slice(10000 * i, 10000 * (i + 1))
    yield f'data_batch_{i + 1}', images[part], labels[part]
  yield 'test_batch', arrays['test_images'], arrays['test_labels']


def _package_members(arrays: cifar10_provider.Arrays) -> dict[str, bytes]:
  """Returns the files of the npm package."""
  members = {
      f'package/{name}.png': _png(images) for name, images, _ in _parts(arrays)
  }
  for split in ('train', 'test'):
    labels = json.dumps(arrays[f'{split}_labels'].tolist())
    members[f'package/{split}_lables.json'] = labels.encode()
  return members


class ProviderTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    source = pathlib.Path(cifar10_input.default_folder())
    cls.real = {name: np.load(source / f'{name}.npy') for name in _NAMES}
    cls.made = pathlib.Path(tempfile.mkdtemp(dir=os.environ['TEST_TMPDIR']))
    cls.archive = cls.made / 'archive.tar'
    cls.archive_members = {
        f'cifar-10-batches-bin/{name}.bin': _binary(images, labels)
        for name, images, labels in _parts(cls.real)
    }
    _tar(cls.archive, 'w', cls.archive_members)
    cls.package = cls.made / 'package.tgz'
    _tar(cls.package, 'w:gz', _package_members(cls.real))

  @classmethod
  def tearDownClass(cls):
    super().tearDownClass()
    shutil.rmtree(cls.made)

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.output = self.folder / 'cifar10'

  def tearDown(self):
    super().tearDown()
    shutil.rmtree(self.folder)

  def assert_real(self, arrays: cifar10_provider.Arrays) -> None:
    """Asserts that the arrays are CIFAR-10, name by name."""
    self.assertCountEqual(arrays, _NAMES)
    for name in _NAMES:
      self.assertEqual(arrays[name].dtype, np.uint8)
      self.assertTrue(np.array_equal(arrays[name], self.real[name]), name)

  def assert_refused(self, pattern: str, function, *arguments) -> None:
    """Asserts that the function refuses its input with one line of text."""
    with self.assertRaisesRegex(errors.InputError, pattern) as caught:
      function(*arguments)
    self.assertLen(str(caught.exception).splitlines(), 1)

  def assert_verify_refuses(self, pattern: str, **changed) -> None:
    """Asserts that `verify` refuses the real data with these changes."""
    self.assert_refused(
        pattern, cifar10_provider.verify, {**self.real, **changed}
    )

  @parameterized.parameters('archive', 'package')
  def test_sources_give_the_same_data(self, source):
    read = cifar10_provider.SOURCES[source][1]
    self.assert_real(read(getattr(self, source)))

  def test_provide_makes_the_folder_whole(self):
    # As an archive, the package has none of the members: the next is tried.
    cifar10_provider.provide(
        self.output, ['archive', 'package'], str(self.package)
    )
    self.assert_real(
        {name: np.load(self.output / f'{name}.npy') for name in _NAMES}
    )
    for name in _NAMES:
      smoke = np.load(self.output / 'smoke' / f'{name}.npy')
      count = {'train': 512, 'test': 256}[name.partition('_')[0]]
      self.assertTrue(np.array_equal(smoke, self.real[name][:count]), name)
    self.assertEqual(os.listdir(self.folder), ['cifar10'])
    # What was made once is not made again: nothing reads the missing file.
    cifar10_provider.provide(self.output, ['package'], '/nonexistent')

  def test_no_source(self):
    self.assert_refused(
        'package: .*/nonexistent.*; archive: .*/nonexistent',
        cifar10_provider.read_any,
        ['package', 'archive'],
        self.folder,
        '/nonexistent',
    )

  def damage_truncated(self) -> bytes:
    data = self.package.read_bytes()
    return data[: len(data) // 2]

  def damage_altered(self) -> bytes:
    data = bytearray(self.package.read_bytes())
    data[1_000_000:1_001_000] = bytes(1000)
    return data

  def damage_bad_block(self) -> bytes:
    """Returns gzip data that end with a block of a type that is none."""
    compressor = zlib.compressobj(1, wbits=31)
    with open(self.archive, 'rb') as archive:
      data = compressor.compress(archive.read(1_000_000))
    return data + compressor.flush(zlib.Z_FULL_FLUSH) + b'\xff' * 100

  def damage_no_tar(self) -> bytes:
    return b'<html>Service unavailable</html>'

  def damage_empty_image(self) -> bytes:
    path = self.made / 'empty_image.tar'
    _tar(path, 'w', {'package/data_batch_1.png': b'\x89PNG\r\n\x1a\n'})
    return path.read_bytes()

  def damage_folder(self) -> bytes:
    """Returns an archive with a folder in the place of a file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode='w') as archive:
      info = tarfile.TarInfo('package/data_batch_1.png')
      info.type = tarfile.DIRTYPE
      archive.addfile(info)
    return stream.getvalue()

  @parameterized.parameters(
      'truncated', 'altered', 'bad_block', 'no_tar', 'empty_image', 'folder'
  )
  def test_damaged_download(self, kind):
    path = self.folder / kind
    path.write_bytes(getattr(self, f'damage_{kind}')())
    self.assert_refused(
        f'cannot read CIFAR-10 from {path}',
        cifar10_provider.provide,
        self.output,
        ['package'],
        str(path),
    )
    self.assertEqual(os.listdir(self.folder), [kind])

  @parameterized.parameters(
      # Without the file, and with half of it.
      (0, 'cannot read CIFAR-10 .*data_batch_5.bin'),
      (5000, 'CIFAR-10 train is short: 45000 images and 45000 labels'),
  )
  def test_short_download(self, records, pattern):
    members = dict(self.archive_members)
    last = members.pop('cifar-10-batches-bin/data_batch_5.bin')
    if records:
      members['cifar-10-batches-bin/data_batch_5.bin'] = last[: records * 3073]
    path = self.folder / 'short.tar'
    _tar(path, 'w', members)
    self.assert_refused(
        pattern,
        cifar10_provider.provide,
        self.output,
        ['archive'],
        str(path),
    )
    self.assertFalse(self.output.exists())

  def test_labels_that_are_no_classes(self):
    members = {'package/train_lables.json': b'[0, 1, 300]'}
    for i in range(1, 6):
      name = f'package/data_batch_{i}.png'
      members[name] = _png(self.real['test_images'][:1])
    path = self.folder / 'labels.tar'
    _tar(path, 'w', members)
    self.assert_refused(
        f'cannot read CIFAR-10 from {path}',
        cifar10_provider.provide,
        self.output,
        ['package'],
        str(path),
    )

  def test_wrong_classes(self):
    labels = self.real['test_labels'].copy()
    labels[0] = (labels[0] + 1) % 10
    self.assert_verify_refuses(
        'CIFAR-10 test has .*1001.* images a class, not 1000 of each',
        test_labels=labels,
    )
    labels[0] = 10
    self.assert_verify_refuses(
        'CIFAR-10 test has .* images a class', test_labels=labels
    )

  def test_wrong_pixels(self):
    self.assert_verify_refuses(
        r'CIFAR-10 train has mean \[0.4465 0.4822 0.4914\]',
        train_images=self.real['train_images'][..., ::-1],
    )

  @parameterized.parameters('train', 'test')
  def test_wrong_order(self, split):
    names = (f'{split}_images', f'{split}_labels')
    self.assert_verify_refuses(
        'not byte for byte the pinned data',
        **{name: self.real[name][::-1] for name in names},
    )

  def test_download_is_pinned(self):
    self.assert_refused(
        r'package.tgz \(\d+ bytes\) is corrupt or another version',
        cifar10_provider._check_download,  # pylint: disable=protected-access
        self.package,
        cifar10_provider.PACKAGE_SHA256,
    )

  def test_unwritable_place(self):
    file = self.folder / 'file'
    file.touch()
    self.assert_refused(
        f'cannot write {file}/below/cifar10',
        cifar10_provider.provide,
        file / 'below' / 'cifar10',
        ['archive'],
        str(self.archive),
    )


if __name__ == '__main__':
  absltest.main()
