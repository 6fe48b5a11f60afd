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

"""Makes the mirror: Official Models at the pin with the fork's patches.

`official/upstream.toml` says which release, `official/upstream.lock` has the
digests of the wheel and of the tree before and after the patches of
`official/patches/`. The mirror is made outside the working tree, once for each
state of those files, and Bazel sees it as `@official_models`.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import stat
import sys
import tomllib
from typing import Any, Callable, Sequence
import zipfile

from tfmot_contrib import errors
from tools.versions import bootstrap

OFFICIAL = bootstrap.ROOT / 'official'


def _read_toml(path: pathlib.Path) -> dict[str, Any]:
  """Reads a TOML file, or says which one is broken."""
  try:
    return tomllib.loads(path.read_text(encoding='utf-8'))
  except (OSError, tomllib.TOMLDecodeError) as error:
    raise errors.InputError(f'cannot read {path}: {error}') from error


def tree_digest(root: pathlib.Path) -> str:
  """Returns one sha256 for the names and contents of all files below `root`."""
  sha = hashlib.sha256()
  for path in sorted(p for p in root.rglob('*') if p.is_file()):
    name = path.relative_to(root).as_posix()
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    sha.update(f'{name}\0{content}\n'.encode())
  return sha.hexdigest()


def check(what: str, found: str, expected: str, mend: str) -> None:
  """Raises an `errors.InputError` unless two digests are equal."""
  if found != expected:
    raise errors.InputError(
        f'{what} has sha256 {found[:16]}…, the lock says {expected[:16]}…:'
        f' {mend}'
    )


def download(source: dict[str, str], folder: pathlib.Path) -> pathlib.Path:
  """Downloads the wheel of the pin with pip.

  Args:
    source: The `[source]` table of upstream.toml.
    folder: Where to put the wheel.

  Returns:
    The path of the wheel.

  Raises:
    errors.InputError: pip cannot get it.
  """
  pin = f'{source["pypi"]}=={source["version"]}'
  print(f'mirror: downloading {pin}', file=sys.stderr, flush=True)
  bootstrap.run(
      [
          bootstrap.tools_env() / 'python',
          '-m',
          'pip',
          'download',
          '-q',
          '--no-deps',
          '--only-binary=:all:',
          '-d',
          folder,
          pin,
      ],
      f'downloading {pin}',
  )
  return next(folder.glob('*.whl'))


def unpack(
    wheel: pathlib.Path, include: Sequence[str], folder: pathlib.Path
) -> None:
  """Unpacks the mirrored part of a wheel.

  Args:
    wheel: A wheel whose digest was checked.
    include: The top-level folders to take.
    folder: Where to put them.

  Raises:
    errors.InputError: It is no wheel, a member would land outside `folder` or
      is a link, or an included folder is not in it.
  """
  try:
    with zipfile.ZipFile(wheel) as archive:
      for member in archive.infolist():
        parts = pathlib.PurePosixPath(member.filename).parts
        if member.filename.startswith('/') or '..' in parts:
          raise errors.InputError(
              f'{wheel.name}: the member {member.filename} leaves the tree'
          )
        if stat.S_ISLNK(member.external_attr >> 16):
          raise errors.InputError(
              f'{wheel.name}: the member {member.filename} is a link'
          )
        if parts[0] in include:
          archive.extract(member, folder)
  except (zipfile.BadZipFile, EOFError) as error:
    raise errors.InputError(
        f'{wheel.name} is corrupt ({error}): delete it and run again'
    ) from error
  for name in include:
    if not (folder / name).is_dir():
      raise errors.InputError(f'{wheel.name} has no folder {name}')


def apply_patches(
    folder: pathlib.Path, patches: Sequence[pathlib.Path]
) -> None:
  """Applies a patch series, in order and without fuzz.

  Args:
    folder: The tree to change.
    patches: The patch files.

  Raises:
    errors.InputError: A patch does not apply. The message names it.
  """
  environ = {**os.environ, 'GIT_CEILING_DIRECTORIES': str(folder.parent)}
  for patch in patches:
    bootstrap.run(
        ['git', 'apply', '--whitespace=nowarn', patch.resolve()],
        f'applying {patch.name}',
        cwd=folder,
        env=environ,
    )


def series(official: pathlib.Path = OFFICIAL) -> list[pathlib.Path]:
  """Returns the patches in their order."""
  return sorted((official / 'patches').glob('[0-9]*.patch'))


def make(
    official: pathlib.Path = OFFICIAL,
    *,
    write_lock: bool = False,
    fetch: Callable[[dict[str, str], pathlib.Path], pathlib.Path] = download,
) -> pathlib.Path:
  """Makes the mirror, or finds it made.

  Args:
    official: The folder with upstream.toml, upstream.lock and patches/.
    write_lock: Whether to write the digests found into the lock instead.
    fetch: Gets the wheel of a `[source]` into a folder.

  Returns:
    The folder that holds `official/` and `orbit/`.

  Raises:
    errors.InputError: The pin, the lock, the wheel or a patch is wrong.
  """
  pin = _read_toml(official / 'upstream.toml')
  lock_file = official / 'upstream.lock'
  lock = _read_toml(lock_file)
  source, include = pin['source'], pin['files']['include']
  if lock['version'] != source['version'] and not write_lock:
    raise errors.InputError(
        f'upstream.toml pins {source["version"]} but upstream.lock is of'
        f' {lock["version"]}: run python3 -m tools.sync.mirror --lock'
    )
  patches = series(official)
  inputs = [official / 'upstream.toml', lock_file, *patches]
  key = bootstrap.digest(
      pathlib.Path(__file__).read_bytes(), *[p.read_bytes() for p in inputs]
  )
  target = bootstrap.cache_dir() / 'mirror' / f'{source["version"]}-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      wheel = fetch(source, partial)
      found = {'version': source['version'], 'wheel': wheel.name}
      found['sha256'] = hashlib.sha256(wheel.read_bytes()).hexdigest()
      if not write_lock:
        check(
            wheel.name,
            found['sha256'],
            lock['sha256'],
            'the package index served another file than the one locked',
        )
      unpack(wheel, include, partial)
      wheel.unlink()
      found['pristine'] = tree_digest(partial)
      apply_patches(partial, patches)
      found['patched'] = tree_digest(partial)
      if write_lock:
        text = ''.join(f'{k} = "{v}"\n' for k, v in found.items())
        lock_file.write_text(text, encoding='utf-8')
      else:
        for state in ('pristine', 'patched'):
          check(
              f'the {state} tree',
              found[state],
              lock[state],
              'if you changed a patch, run python3 -m tools.sync.mirror --lock',
          )
  if write_lock:
    # The lock is part of the key, so this state was made under another name.
    shutil.rmtree(target, ignore_errors=True)
    return make(official, fetch=fetch)
  return target


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Prints where the mirror is."""
  parser = argparse.ArgumentParser(prog='mirror', description=__doc__)
  parser.add_argument(
      '--lock',
      action='store_true',
      help='write upstream.lock from what is downloaded',
  )
  print(make(write_lock=parser.parse_args(argv).lock))


if __name__ == '__main__':
  main(sys.argv[1:])
