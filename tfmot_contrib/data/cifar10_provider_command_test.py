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

"""Tests of the command line of cifar10_provider, also of its sudden end."""

import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from tfmot_contrib.data import cifar10_input

_MODULE = 'tfmot_contrib.data.cifar10_provider'
# Ends the command as by `kill -9` at an event of the system: when a file with a
# certain name is opened, or before the final rename.
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
# Runs the command as on a disk that fills up: no file can exceed 50 MB.
_FULL = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000_000, 50_000_000))
from {_MODULE} import main
main(sys.argv[1:])
"""


def _write_archive(path: pathlib.Path) -> None:
  """Writes the real data as the authors' archive does, uncompressed."""
  files = {}
  train, test = (cifar10_input.load(split) for split in ('train', 'test'))
  for i in range(5):
    part = slice(10000 * i, 10000 * (i + 1))
    files[f'data_batch_{i + 1}'] = (train.images[part], train.labels[part])
  files['test_batch'] = test
  with tarfile.open(path, 'w') as archive:
    for name, (images, labels) in files.items():
      planes = images.transpose(0, 3, 1, 2).reshape(-1, 3072)
      data = np.concatenate([labels[:, None], planes], axis=1).tobytes()
      info = tarfile.TarInfo(f'cifar-10-batches-bin/{name}.bin')
      info.size = len(data)
      archive.addfile(info, io.BytesIO(data))


def _run(*arguments: str) -> subprocess.CompletedProcess:
  """Runs Python with the modules of this test."""
  return subprocess.run(
      [sys.executable, *arguments],
      capture_output=True,
      check=False,
      env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
      text=True,
  )


class CommandTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.made = pathlib.Path(tempfile.mkdtemp(dir=os.environ['TEST_TMPDIR']))
    cls.archive = cls.made / 'archive.tar'
    _write_archive(cls.archive)

  @classmethod
  def tearDownClass(cls):
    super().tearDownClass()
    shutil.rmtree(cls.made)

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.output = self.folder / 'cifar10'
    self.arguments = [
        '--source=archive',
        f'--file={self.archive}',
        f'--output_dir={self.output}',
    ]

  def tearDown(self):
    super().tearDown()
    shutil.rmtree(self.folder)

  def assert_fails(self, done: subprocess.CompletedProcess, start: str) -> None:
    """Asserts an end with one line of error, after lines of progress."""
    self.assertEqual(done.returncode, 2, done.stderr)
    lines = done.stderr.splitlines()
    self.assertLen([line for line in lines if line.startswith('error:')], 1)
    self.assertStartsWith(lines[-1], start)
    self.assertNotIn('Traceback', done.stderr)
    self.assertFalse(self.output.exists())

  @parameterized.parameters(
      ('open', 'archive.tar'), ('open', 'test_images.npy'), ('os.rename', '')
  )
  def test_killed(self, event, name):
    killed = _run('-c', _KILLED, event, name, *self.arguments)
    self.assertEqual(killed.returncode, -9, killed.stderr)
    self.assertFalse(self.output.exists())
    (rest,) = self.folder.iterdir()
    self.assertStartsWith(rest.name, 'cifar10.partial-')
    if event == 'os.rename':
      # All was written: the rename alone makes it the data.
      self.assertTrue((rest / 'whole' / 'test_labels.npy').exists())
    if name != 'test_images.npy':
      return
    again = _run('-m', _MODULE, *self.arguments)
    self.assertEqual(again.returncode, 0, again.stderr)
    for split in ('train', 'test'):
      expected = cifar10_input.load(split)
      actual = cifar10_input.load(split, str(self.output))
      self.assertTrue(np.array_equal(actual.images, expected.images))
      self.assertTrue(np.array_equal(actual.labels, expected.labels))

  def test_full_disk(self):
    done = _run('-c', _FULL, *self.arguments)
    self.assert_fails(done, f'error: cannot write {self.output}: ')
    self.assertEmpty(os.listdir(self.folder))

  @parameterized.parameters('archive', 'package')
  def test_damaged_download(self, source):
    path = self.folder / 'damaged.tgz'
    path.write_bytes(self.archive.read_bytes()[:100_000_000])
    done = _run(
        '-m',
        _MODULE,
        f'--source={source}',
        f'--file={path}',
        f'--output_dir={self.output}',
    )
    self.assert_fails(done, 'error: CIFAR-10 cannot be had. ')
    self.assertIn(
        f'{source}: cannot read CIFAR-10 from {path}',
        done.stderr.splitlines()[-1],
    )

  def test_file_of_no_source(self):
    done = _run('-m', _MODULE, *self.arguments[1:])
    self.assert_fails(done, 'error: --file needs --source=')
    self.assertLen(done.stderr.splitlines(), 1)


if __name__ == '__main__':
  absltest.main()
