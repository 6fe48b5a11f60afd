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


"""Runs what a new user runs in surroundings that real users have.

Each combination of `surroundings` gets a fresh clone of HEAD in a scratch
folder. A surrounding held if every command of its combinations ended well and
none printed a traceback. What cannot be tried on this machine is named, and did
not hold. It makes environments, drives Bazel and, as root, becomes other users,
so it is no Bazel test; `nox -s tests` calls it.
"""

import argparse
import dataclasses
import pathlib
import signal
import sys
import tempfile
import time
from typing import Iterable, Sequence

from tfmot_contrib import errors
from tools.base import git
from tools.elsewhere import place as place_lib
from tools.elsewhere import surroundings
from tools.env import bootstrap

# Not in /tmp, which is another one in some surroundings, nor in HOME, which
# other users may not enter.
_SCRATCH = '/var/tmp'


@dataclasses.dataclass
class Check:
  """A check of combinations, and what came of it.

  Attributes:
    source: The repository, whose HEAD is checked.
    scratch: An empty folder that other users may enter.
    held: The names of the surroundings that held, in their order.
    failed: Of those that did not.
    missing: Of those that could not be tried, with the reason.
    places: Where the combinations that ran did so.
  """

  source: pathlib.Path
  scratch: pathlib.Path
  held: dict[str, None] = dataclasses.field(default_factory=dict)
  failed: dict[str, None] = dataclasses.field(default_factory=dict)
  missing: dict[str, str] = dataclasses.field(default_factory=dict)
  places: dict[str, place_lib.Place] = dataclasses.field(default_factory=dict)

  def run(self, combination: surroundings.Combination) -> None:
    """Tries a combination and prints a line, and more if it failed.

    Args:
      combination: The combination.
    """
    start = time.monotonic()
    place = place_lib.new(self.scratch / combination.name.replace(' ', '_'))
    if combination.cache_of:
      earlier = self.places.get(combination.cache_of)
      place.cache = earlier.own_cache() if earlier else None
    self.places[combination.name] = place
    tried = []
    for surrounding in combination.surroundings:
      name = surroundings.name_of(surrounding)
      try:
        surrounding(place)
        tried.append(name)
      except place_lib.NotHereError as error:
        self.missing[name] = str(error)
    if not tried:
      return
    faults = self._faults(combination, place)
    (self.failed if faults else self.held).update(dict.fromkeys(tried))
    word = 'failed' if faults else 'held'
    seconds = time.monotonic() - start
    _say(f'{combination.name} ({"; ".join(tried)}): {word}, {seconds:.0f} s')
    for fault in faults:
      print(f'  {fault.what}')
      for line in fault.lines:
        print(f'    | {line}')
    sys.stdout.flush()

  def _faults(
      self, combination: surroundings.Combination, place: place_lib.Place
  ) -> list[place_lib.Fault]:
    """Runs the commands of a combination and returns what was wrong."""
    try:
      place.make(self.source)
    except errors.InputError as error:
      return [place_lib.Fault(errors.one_line(error))]
    faults = [f for f in map(place.run, combination.commands) if f]
    if left := place.judge():
      faults.append(place_lib.Fault(left))
    place_lib.end_processes(place.scratch)
    return faults

  def summary(self) -> str:
    """Returns the outcome in one line."""
    held = [name for name in self.held if name not in self.failed]
    missing = {
        name: reason
        for name, reason in self.missing.items()
        if name not in self.held | self.failed
    }
    named = '; '.join(f'{name} ({why})' for name, why in missing.items())
    text = f'{len(held)} surroundings held, {len(self.failed)} failed'
    text += f', {len(missing)} could not be tried here'
    return text + (f': {named}' if named else '')


def _say(line: str) -> None:
  """Prints a line with the name of the check."""
  print(f'elsewhere_check: {line}', flush=True)


def chosen(
    combinations: Sequence[surroundings.Combination], names: Iterable[str]
) -> list[surroundings.Combination]:
  """Returns the combinations of these names, and those that they need.

  Args:
    combinations: All of them.
    names: Of combinations. Without any, all are chosen.

  Returns:
    The combinations, in their order.

  Raises:
    errors.InputError: There is none of such a name.
  """
  known = {combination.name: combination for combination in combinations}
  wanted = set(names) or set(known)
  if unknown := sorted(wanted - set(known)):
    raise errors.InputError(
        f'no surroundings are called {unknown[0]}: choose of {", ".join(known)}'
    )
  wanted |= {known[name].cache_of for name in wanted}
  return [c for c in combinations if c.name in wanted]


def check(
    source: pathlib.Path,
    combinations: Sequence[surroundings.Combination],
    keep: bool = False,
    top: str = _SCRATCH,
) -> int:
  """Tries combinations and prints what came of it.

  Args:
    source: The repository.
    combinations: In their order.
    keep: Whether the scratch folder stays.
    top: Where that is made.

  Returns:
    The exit code: 1 if a surrounding failed.
  """
  scratch = pathlib.Path(tempfile.mkdtemp(prefix='elsewhere-', dir=top))
  scratch.chmod(0o755)
  trial = Check(source, scratch)
  needed = {combination.cache_of for combination in combinations}
  try:
    for combination in combinations:
      trial.run(combination)
      if not keep and combination.name not in needed:
        trial.places[combination.name].clean()
  finally:
    place_lib.end_processes(scratch)
    if keep:
      _say(f'kept {scratch}')
    else:
      for place in trial.places.values():
        place.clean()
      scratch.rmdir()
  _say(trial.summary())
  return 1 if trial.failed else 0


def end_as_ctrl_c_does() -> None:
  """Lets a signal that ends this process raise, so that all is cleaned up."""

  def stop(number: int, frame: object) -> None:
    del frame
    raise SystemExit(128 + number)

  for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, stop)


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> int:
  """Tries the surroundings of the command line, or lists them."""
  parser = argparse.ArgumentParser(prog='elsewhere_check', description=__doc__)
  parser.add_argument(
      '--only', action='append', default=[], help='a name of --list; repeatable'
  )
  parser.add_argument('--list', action='store_true', help='list surroundings')
  parser.add_argument(
      '--keep', action='store_true', help='leave the scratch folder'
  )
  flags = parser.parse_args(argv)
  combinations = chosen(surroundings.COMBINATIONS, flags.only)
  if flags.list:
    for combination in combinations:
      names = map(surroundings.name_of, combination.surroundings)
      print(f'{combination.name}: {"; ".join(names)}')
      print(f'  {", ".join(command.name for command in combination.commands)}')
    return 0
  end_as_ctrl_c_does()
  root = bootstrap.ROOT
  head = git.text(root, 'log', '-1', '--format=%h %s', what='finding HEAD')
  _say(f'a clone of {head}')
  if git.text(root, 'status', '--porcelain', what='asking for changes'):
    _say('what is not committed is not in it')
  return check(root, combinations, flags.keep)


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
