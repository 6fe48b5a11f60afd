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

"""TFMOT from a wheel, a checkout or a commit, as a wheel with a lock.

The setting TFMOT may name a file `….whl`, a folder with the source of TFMOT, or
`FOLDER@REF`, a commit of a git checkout. A wheel is built by TFMOT's own
setup.py from the files that its release has: the package without its tests, and
an empty `__init__.py` in a folder that has none, as Bazel adds it there. The
package is pure Python, so its Bazel is not needed.

Wheels are kept in the user's cache by the digest of what they are made of, so
commits with the same code are built once.
"""

import email.parser
import hashlib
import os
import pathlib
import re
import sys
import tempfile
from typing import Iterable
import zipfile
import zlib

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.base import git
from tools.env import bootstrap

HEAD = 'head'
_PACKAGE = 'tensorflow_model_optimization'
# Of the releases, and of the nightlies, which setup.py makes without a flag.
PROJECTS = ('tensorflow-model-optimization', 'tf-model-optimization-nightly')
_VERSION = f'{_PACKAGE}/python/core/version.py'
_ABOUT = re.compile(
    r'setup\.(py|cfg)|pyproject\.toml|MANIFEST\.in|(README|LICENSE|requirements)'
    r'[\w.-]*'
)
_COMPILED = ('.c', '.cc', '.cu', '.pyx', '.so')
_FORMAT = b'1'  # Of what is in the cache.
_EXAMPLE = 'TFMOT=/path/of/model-optimization@master'
_DATE = '315532800'  # 1980-01-01: the first that a zip file can tell.


def is_source(setting: str) -> bool:
  """Returns whether a TFMOT is given by its files and not by a version."""
  return setting == HEAD or any(sign in setting for sign in ('/', '@', '.whl'))


def content_digest(wheel: pathlib.Path) -> str:
  """Identifies the code in a wheel of TFMOT.

  Args:
    wheel: The file.

  Returns:
    16 hex digits. They are equal for wheels that differ in nothing but their
    metadata and the number in version.py.

  Raises:
    errors.InputError: It is no wheel.
  """
  parts = []
  with _opened(wheel) as archive:
    for name in sorted(archive.namelist()):
      if name.startswith(f'{_PACKAGE}/') and name != _VERSION:
        parts += [name.encode(), archive.read(name)]
  return bootstrap.digest(*parts)


def wheel(setting: str) -> pathlib.Path:
  """Builds the wheel of a setting, or finds it built.

  Args:
    setting: A wheel, a folder, or `FOLDER@REF`.

  Returns:
    The wheel, in the cache.

  Raises:
    errors.InputError: There is no such thing, it is not TFMOT, or its setup.py
      fails.
  """
  return next(_kept(setting).glob('*.whl'))


def lock(setting: str) -> pathlib.Path:
  """Returns a lock that installs the wheel of a setting: see `wheel`."""
  return next(_kept(setting).glob('*.txt'))


def _kept(setting: str) -> pathlib.Path:
  """Returns the folder of the cache that has the wheel and its lock."""
  if setting == HEAD:
    raise errors.InputError(
        'TFMOT head is a checkout, and none is given: set TFMOT to its folder,'
        f' or to a commit of it, such as {_EXAMPLE} (Bazel:'
        f' --repo_env={_EXAMPLE})'
    )
  path = expanded(setting)
  if not path.is_absolute():
    raise errors.InputError(
        f'TFMOT {setting} is no absolute path: write it like {_EXAMPLE}'
    )
  if path.is_file():
    return _keep_wheel(path)
  if path.is_dir():
    return _keep_built(setting, _of_folder(path))
  top, ref = split(setting)
  if ref is not None and top.is_dir():
    return _keep_built(setting, _of_commit(top, ref))
  raise errors.InputError(
      f'TFMOT {setting}: there is no such wheel, folder or checkout'
  )


def split(setting: str) -> tuple[pathlib.Path, str | None]:
  """Returns the path of a TFMOT that is a source, and the ref of a commit.

  Args:
    setting: A wheel, a folder, or FOLDER@REF; a folder may have an @ too.

  Returns:
    Both; None for what is there as it is.
  """
  path = expanded(setting)
  folder, at, ref = setting.rpartition('@')
  if path.exists() or not at:
    return path, None
  return expanded(folder), ref


def expanded(text: str) -> pathlib.Path:
  """Returns a path with the home of ~ or ~USER; as it is for no such user."""
  return pathlib.Path(os.path.expanduser(text))


def _keep_wheel(path: pathlib.Path) -> pathlib.Path:
  """Copies a wheel into the cache and returns its folder."""
  content = path.read_bytes()
  key = bootstrap.digest(_FORMAT, b'wheel', path.name.encode(), content)
  target = bootstrap.cache_dir() / 'tfmot' / key
  with bootstrap.made_once(target) as partial:
    if partial:
      (partial / path.name).write_bytes(content)
      _write_lock(partial / path.name, target)
  return target


def _keep_built(setting: str, files: dict[str, bytes]) -> pathlib.Path:
  """Builds a wheel into the cache.

  Args:
    setting: Where it is from, for a message.
    files: By their path in a checkout, those of it that count.

  Returns:
    The folder.

  Raises:
    errors.InputError: It is not TFMOT, or its setup.py fails.
  """
  for needed in ('setup.py', f'{_PACKAGE}/__init__.py', _VERSION):
    if needed not in files:
      raise errors.InputError(
          f'TFMOT {setting} is no checkout of TFMOT: it has no {needed}'
      )
  parts = [part for n, data in files.items() for part in (n.encode(), data)]
  tools = (bootstrap.LOCKS / 'build.txt').read_bytes()
  key = bootstrap.digest(_FORMAT, tools, *parts)
  target = bootstrap.cache_dir() / 'tfmot' / key
  with bootstrap.made_once(target) as partial:
    if partial:
      print(f'environment: building TFMOT {setting}', file=sys.stderr)
      with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch)
        for name, data in files.items():
          (source / name).parent.mkdir(parents=True, exist_ok=True)
          (source / name).write_bytes(data)
        _build(setting, source, partial)
      _write_lock(next(partial.glob('*.whl')), target)
  return target


def builder() -> pathlib.Path:
  """Returns the interpreter, made once, that has setuptools."""
  lock_file = bootstrap.LOCKS / 'build.txt'
  key = bootstrap.digest(lock_file.read_bytes(), bootstrap.host())
  target = bootstrap.cache_dir() / 'build' / key
  with bootstrap.made_once(target) as partial:
    if partial:
      bootstrap.install(partial, lock_file)
  return target / 'bin/python'


def _build(setting: str, source: pathlib.Path, output: pathlib.Path) -> None:
  """Lets the setup.py of `source` put a wheel into `output`."""
  environ = surroundings.installers()
  bootstrap.run(
      [builder(), 'setup.py', '-q', 'bdist_wheel', '-d', output],
      f'building TFMOT {setting}',
      cwd=source,
      env=environ
      | {'SOURCE_DATE_EPOCH': _DATE, 'PYTHONDONTWRITEBYTECODE': '1'},
  )
  if len(made := list(output.glob('*.whl'))) != 1:
    raise errors.InputError(
        f'building TFMOT {setting}: setup.py made {len(made)} wheels, not one'
    )


def _write_lock(path: pathlib.Path, place: pathlib.Path) -> None:
  """Writes a lock beside a wheel.

  Args:
    path: The wheel.
    place: The folder where both will be in the end.

  Raises:
    errors.InputError: It is no wheel of TFMOT that can be used here.
  """
  project, version = _identity(path)
  sha = hashlib.sha256(path.read_bytes()).hexdigest()
  url = (place / path.name).as_uri()
  (path.parent / f'tfmot-source-{version}.txt').write_text(
      f'{project} @ {url} --hash=sha256:{sha}\n', encoding='utf-8'
  )


def _opened(path: pathlib.Path) -> zipfile.ZipFile:
  """Opens a wheel, whose parts are whole, or says that it is none."""
  try:
    archive = zipfile.ZipFile(path)
    if bad := archive.testzip():
      raise zipfile.BadZipFile(f'{bad} is damaged')
  except (
      EOFError,
      OSError,
      RuntimeError,
      UnicodeDecodeError,
      zipfile.BadZipFile,
      zlib.error,
  ) as error:
    raise errors.InputError(f'{path} is no wheel: {error}') from error
  return archive


def _identity(path: pathlib.Path) -> tuple[str, str]:
  """Returns the project and the version of a wheel of TFMOT.

  Args:
    path: The wheel.

  Returns:
    Both as its metadata have them.

  Raises:
    errors.InputError: It is no such wheel, or not for every machine.
  """
  if not path.name.endswith('-none-any.whl'):
    raise errors.InputError(
        f'{path} is no wheel for every machine: its name has to end in'
        ' -none-any.whl'
    )
  with _opened(path) as archive:
    names = archive.namelist()
    found = [name for name in names if name.endswith('.dist-info/METADATA')]
    text = archive.read(found[0]) if len(found) == 1 else b''
  about = email.parser.HeaderParser().parsestr(text.decode(errors='replace'))
  project = re.sub(r'[-_.]+', '-', about['Name'] or 'nameless').lower()
  if project not in PROJECTS or f'{_PACKAGE}/__init__.py' not in names:
    raise errors.InputError(
        f'{path} is a wheel of {project}: one of {_PACKAGE} is needed'
    )
  return project, about['Version'] or ''


def _of_folder(folder: pathlib.Path) -> dict[str, bytes]:
  """Returns the files of a folder that count, as they are on the disk."""
  names = [path.name for path in folder.iterdir()]
  names += [
      path.relative_to(folder).as_posix()
      for path in (folder / _PACKAGE).rglob('*')
  ]
  counted = _that_count(str(folder), names)
  return _completed({
      name: (folder / name).read_bytes()
      for name in counted
      if (folder / name).is_file()
  })


def _of_commit(checkout: pathlib.Path, ref: str) -> dict[str, bytes]:
  """Returns the files of a commit that count, byte for byte.

  Args:
    checkout: The top of a git checkout, or a bare repository.
    ref: A branch, tag or commit.

  Returns:
    Their contents by their path.

  Raises:
    errors.InputError: There is no such repository or commit.
  """
  setting = f'{checkout}@{ref}'
  commit = git.resolve(checkout, ref, f'finding TFMOT {setting}')
  names = [row[3] for row in git.list_tree(checkout, commit)]
  counted = set(_that_count(setting, names))
  files = git.read_tree(checkout, commit, counted)
  return _completed({name: files[name].data for name in sorted(counted)})


def _that_count(setting: str, names: Iterable[str]) -> list[str]:
  """Returns the names of a checkout that go into the wheel, or make it.

  Args:
    setting: Where they are from, for a message.
    names: Of files, by their path.

  Returns:
    The names, sorted.

  Raises:
    errors.InputError: Something has to be compiled.
  """
  counted = []
  for name in sorted(names):
    inside = name.startswith(f'{_PACKAGE}/')
    if inside and name.endswith(_COMPILED):
      raise errors.InputError(
          f'TFMOT {setting} has {name}, which setup.py alone does not build:'
          ' make the wheel with its Bazel and set TFMOT to that'
      )
    if inside and name.endswith('.py') and not name.endswith('_test.py'):
      counted.append(name)
    if '/' not in name and _ABOUT.fullmatch(name):
      counted.append(name)
  return counted


def _completed(files: dict[str, bytes]) -> dict[str, bytes]:
  """Adds an empty `__init__.py` to each folder with code that has none."""
  folders = {
      parent
      for name in files
      for parent in pathlib.PurePosixPath(name).parents
      if parent.parts
  }
  added = {str(folder / '__init__.py'): b'' for folder in folders}
  top = f'{_PACKAGE}/__init__.py'
  if top not in files:  # Then it is not TFMOT: nothing would mend that.
    added.pop(top, None)
  return dict(sorted((added | files).items()))
