#!/bin/sh
# Prints a Homebrew formula that builds url-notes from the sources of a release:
#
#   packaging/homebrew.sh ADDRESS SHA256
#
# ADDRESS is where the archive of the sources can be downloaded, SHA256 its checksum. Homebrew builds
# on the user's computer, so macOS neither marks the program as downloaded nor asks for Apple's
# notarisation. The formula hasn't been run on macOS yet.

set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$folder/packaging/stage.sh"

main() {
    [ $# -eq 2 ] || fail "Usage: homebrew.sh ADDRESS SHA256"
    case $1 in https://?*) ;; *) fail "The address has to begin with https://." ;; esac
    [ "${#2}" -eq 64 ] || fail "A SHA-256 has 64 digits."
    find_version
    cat <<RUBY
class UrlNotes < Formula
  desc "Save web pages with tags and notes by one click"
  homepage "${1%/*}"
  url "$1"
  version "$version"
  sha256 "$2"
  license "MIT"

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args(path: "host")
    (man1/"url-notes.1").write Utils.safe_popen_read(bin/"url-notes", "man")
    generate_completions_from_executable(bin/"url-notes", "completions")
  end

  def caveats
    <<~TEXT
      To register url-notes with your browsers, run:
        url-notes register
      Then add the extension from your browser's store.
    TEXT
  end

  test do
    ENV["URL_NOTES_DATA_DIR"] = testpath
    system bin/"url-notes", "add", "https://example.org/", "--title", "Example"
    assert_match "example.org", shell_output("#{bin}/url-notes list")
  end
end
RUBY
}

main "$@"
