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

"""Looks at the report in headless Chromium, as its readers will.

`nox -s tests` calls it on the committed evidence. It is no Bazel test, because
Chromium is a program of the machine, which Bazel does not know. A page passes
if, on a wide and a narrow window, every image was decoded and has a size,
nothing is wider than the window and no script or console complains; and if the
screenshot shows ink where the charts are.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any, Sequence

from matplotlib import image as matplotlib_image
import numpy as np

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.env import bootstrap
from tools.evidence import page

_WIDTHS = (1280, 420)
_HEIGHT = 4000
_SECONDS = 120
# A line chart is mostly paper.
_INK = 0.003
# Without a sandbox, which neither root nor most containers can have: the page
# is our own and loads nothing.
_FLAGS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-sync',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
    '--hide-scrollbars',
    '--enable-logging=stderr',
)
# Runs in the page when it is there, and leaves what it saw at its end.
_PROBE = """
<script>
window.addEventListener('load', () => {
  const rectangle = (image) => {
    const r = image.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom].map(Math.round);
  };
  const shown = (image) => image.checkVisibility();
  const images = () => [...document.images].filter(shown).map((image) => ({
    what: image.alt, width: image.naturalWidth, at: rectangle(image)}));
  const closed = images();
  document.querySelectorAll('details').forEach((d) => { d.open = true; });
  const seen = document.createElement('script');
  seen.type = 'application/json';
  seen.id = 'seen';
  seen.textContent = JSON.stringify({
    closed, images: images(), window: innerWidth,
    page: document.documentElement.scrollWidth, all: document.images.length,
    rows: document.querySelectorAll('details').length});
  document.body.append(seen);
});
</script>
"""


@dataclasses.dataclass(frozen=True)
class Seen:
  """What a browser made of a page.

  Attributes:
    images: Of each image that is shown with all rows open: `what` it shows, its
      own `width` and where it is `at`: left, top, right and bottom, in pixels.
    closed: The same before the rows were opened.
    window: The width of the window, in pixels.
    page: The width of the page, in pixels.
    all: How many images there are.
    rows: How many rows there are.
    complaints: What the console said.
  """

  images: Sequence[dict[str, Any]]
  closed: Sequence[dict[str, Any]]
  window: int
  page: int
  all: int
  rows: int
  complaints: Sequence[str] = ()


def scratch() -> tempfile.TemporaryDirectory:
  """Returns a new folder that Chromium can use.

  Returns:
    The folder. A Chromium of snap has a /tmp of its own and sees no hidden
    folders, so for that it is among the snap's own files.

  Raises:
    errors.InputError: Chromium is missing, or is a snap and there is no HOME.
  """
  if pathlib.Path(bootstrap.chromium()).resolve().name != 'snap':
    return tempfile.TemporaryDirectory()
  if not (home := os.environ.get('HOME')):
    raise errors.InputError('Chromium is a snap, which needs HOME: set it')
  place = pathlib.Path(home) / 'snap/chromium/common'
  place.mkdir(parents=True, exist_ok=True)
  return tempfile.TemporaryDirectory(dir=place)


def _chromium(profile: str, *arguments: str) -> subprocess.CompletedProcess:
  """Runs Chromium once."""
  command = [bootstrap.chromium(), *_FLAGS, f'--user-data-dir={profile}']
  try:
    done = subprocess.run(
        [*command, *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=_SECONDS,
    )
  except subprocess.TimeoutExpired as error:
    raise errors.InputError(
        f'Chromium did not end within {_SECONDS} s'
    ) from error
  if done.returncode:
    said = (done.stderr.strip().splitlines() or ['nothing'])[-1]
    raise errors.InputError(
        f'Chromium failed (exit {done.returncode}): {said[:200]}'
    )
  return done


def look(text: str, width: int, folder: pathlib.Path) -> Seen:
  """Opens a page.

  Args:
    text: The HTML.
    width: Of the window, in pixels.
    folder: For files that may go.

  Returns:
    What there was to see.

  Raises:
    errors.InputError: Chromium is missing or fails, or the page never loads.
  """
  path = folder / 'probed.html'
  path.write_text(text.replace('</body>', f'{_PROBE}</body>'), encoding='utf-8')
  done = _chromium(
      str(folder / 'profile'),
      f'--window-size={width},{_HEIGHT}',
      '--dump-dom',
      path.as_uri(),
  )
  found = re.search(r'id="seen">(.*?)</script>', done.stdout, re.DOTALL)
  if not found:
    raise errors.InputError('the report did not load in Chromium')
  complaints = [x for x in done.stderr.splitlines() if ':CONSOLE' in x]
  return Seen(**json.loads(found[1]), complaints=complaints)


def screenshot(path: pathlib.Path, output: pathlib.Path) -> None:
  """Takes a picture of a page.

  Args:
    path: The HTML file.
    output: The PNG file.

  Raises:
    errors.InputError: Chromium is missing or fails, or there is no picture.
  """
  output.parent.mkdir(parents=True, exist_ok=True)
  with scratch() as folder:
    picture = pathlib.Path(folder) / 'picture.png'
    _chromium(
        f'{folder}/profile',
        f'--window-size={_WIDTHS[0]},{_HEIGHT}',
        f'--screenshot={picture}',
        path.absolute().as_uri(),
    )
    if not picture.exists():
      raise errors.InputError(f'Chromium did not write {picture}')
    shutil.copyfile(picture, output)


def wrong(seen: Seen) -> list[str]:
  """Returns what is wrong with a page, in words.

  Args:
    seen: What a browser made of it.

  Returns:
    Nothing, if the page is as it should be.
  """
  found = [f'the console says: {said}' for said in seen.complaints]
  if not seen.rows or not seen.images or len(seen.images) != seen.all:
    found.append(
        f'{seen.rows} rows, {len(seen.images)} of {seen.all} images are shown'
    )
  if seen.page > seen.window:
    found.append(f'{seen.page} pixels wide in a window of {seen.window}')
  for image in seen.images:
    left, top, right, bottom = image['at']
    if not image['width'] or right <= left or bottom <= top:
      found.append(f'the image of {image["what"]} is not shown')
  return found


def blank(picture: np.ndarray, seen: Seen) -> list[str]:
  """Returns the images of a page that a picture of it shows no ink of.

  Args:
    picture: Of the page with its rows closed, [height, width, channels], 0
      to 1.
    seen: The same page, in a window as wide.

  Returns:
    What they should show.
  """
  found = []
  for image in seen.closed:
    left, top, right, bottom = (max(0, edge) for edge in image['at'])
    shown = picture[top:bottom, left:right, :3]
    if shown.size and np.mean(shown.min(axis=-1) < 0.8) < _INK:
      found.append(image['what'])
  return found


def check(path: pathlib.Path, output: pathlib.Path) -> list[str]:
  """Checks a page and takes its picture.

  Args:
    path: The HTML file.
    output: The PNG file.

  Returns:
    What is wrong, in words.

  Raises:
    errors.InputError: Chromium is missing or fails.
  """
  text = path.read_text(encoding='utf-8')
  found = []
  with scratch() as folder:
    looks = [look(text, width, pathlib.Path(folder)) for width in _WIDTHS]
  for seen in looks:
    found += [f'{seen.window} pixels: {what}' for what in wrong(seen)]
  screenshot(path, output)
  picture = matplotlib_image.imread(output)
  found += [f'no ink: {what}' for what in blank(picture, looks[0])]
  return found


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Checks the report of the committed evidence.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Raises:
    errors.InputError: Something is wrong with it, or with Chromium.
  """
  parser = argparse.ArgumentParser(prog='browser_check', description=__doc__)
  parser.add_argument(
      '--screenshot', type=surroundings.path, help='where to leave the picture'
  )
  flags = parser.parse_args(argv)
  with scratch() as folder:
    page.main([f'--output={folder}'], root)
    path = pathlib.Path(folder)
    picture = flags.screenshot or path / 'page.png'
    if found := check(path / 'index.html', picture):
      raise errors.InputError(f'the report: {"; ".join(found)[:1000]}')
  print('browser_check: the report is as it should be')


if __name__ == '__main__':
  main(sys.argv[1:])
