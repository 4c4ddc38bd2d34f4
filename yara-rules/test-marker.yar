// A harmless marker, so that an installation can prove that rules are loaded and files are really scanned.
rule BackupLens_Test_Marker : test
{
    meta:
        author = "BackupLens"
        description = "The test marker of BackupLens: harmless, made to be found"
        severity = "test"
        reference = "https://en.wikipedia.org/wiki/EICAR_test_file"
    strings:
        // In hexadecimal, so that this file is not found by itself: BACKUPLENS-TEST-MARKER- and four groups.
        $marker = { 42 41 43 4B 55 50 4C 45 4E 53 2D 54 45 53 54 2D 4D 41 52 4B 45 52 2D
                    37 46 33 41 2D 39 43 31 45 2D 42 38 34 44 2D 32 36 30 35 }
    condition:
        $marker
}
