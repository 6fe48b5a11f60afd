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

"""Finds the mirror for Bazel, or makes it from the lock.

`@official_models` is upstream's files with the fork's patches. When a sync has
put them into `official/` they are taken from there, edits and all. In a fresh
clone they are made in the user's cache, once for each state of the lock, and
have to have its digests. This needs nothing but Python, git and pip.
"""

import argparse
import pathlib
import sys
from typing import Sequence

from tfmot_contrib import errors
from tools.sync import fork as forks
from tools.sync import tree
from tools.versions import bootstrap


def make(root: pathlib.Path = bootstrap.ROOT) -> dict[str, pathlib.Path]:
  """Finds the mirror, or makes it.

  Args:
    root: The top folder of the clone.

  Returns:
    Where each of upstream's packages is: `official`, `orbit`.

  Raises:
    errors.InputError: The pin, the lock, the source or a patch is wrong.
  """
  fork = forks.load(root)
  official = fork.space.official
  if fork.lock and tree.is_filled(official):
    folder, siblings = root, official / tree.SIBLINGS
  else:
    if told := forks.agreement(fork):
      raise errors.InputError(f'{told}: run {forks.SYNC} --same-version')
    folder = siblings = _cached(fork)
  packages = sorted({name.split('/')[0] for name in fork.lock.patched})
  return {
      package: (folder if package == 'official' else siblings) / package
      for package in packages
  }


def _cached(fork: forks.Fork) -> pathlib.Path:
  """Returns the mirror of a lock in the cache."""
  lock = fork.lock
  key = f'{lock.source.version or "folder"}-{tree.digest(lock.patched)[:16]}'
  target = bootstrap.cache_dir() / 'mirror' / key.replace('/', '-')
  with bootstrap.made_once(target) as partial:
    if partial:
      pristine = forks.fetch_locked(fork, offline=False).files
      patched = forks.patched_of(fork, pristine)
      if tree.digests(patched) != lock.patched:
        raise errors.InputError(
            'the patches do not make the files of upstream.lock: run'
            f' {forks.SYNC} --same-version'
        )
      tree.write(patched, partial)
  return target


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Prints where each package of the mirror is, as NAME=FOLDER."""
  parser = argparse.ArgumentParser(prog='mirror', description=__doc__)
  parser.parse_args(argv)
  for package, folder in make().items():
    print(f'{package}={folder}')


if __name__ == '__main__':
  main(sys.argv[1:])
