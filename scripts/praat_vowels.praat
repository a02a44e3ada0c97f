# What Praat finds for the vowels that `mer_accuracy_report --sounds FOLDER` writes:
#   praat --run scripts/praat_vowels.praat FOLDER/
# One line a file: its name (source, vowel, pitch, true F1, F2, F3), then F1, F2, F3 by Praat in the
# middle of the frame that mer_accuracy_report judges, then medians and 90th percentiles of the errors
# for each source. An absent formant counts as an error of 9999 Hz.
form Vowels
    sentence Folder
endform
strings = Create Strings as file list: "files", folder$ + "*.wav"
count = Get number of strings
for source from 0 to 2
    for f to 3
        rows[f] = Create simple Matrix: "errors", 1, count, "9999"
    endfor
    used = 0
    for i to count
        selectObject: strings
        name$ = Get string: i
        if left$ (name$, 2) = string$ (source) + "_"
            used = used + 1
            rest$ = name$ - ".wav"
            for field to 3
                rest$ = right$ (rest$, length (rest$) - index (rest$, "_"))
            endfor
            sound = Read from file: folder$ + name$
            formant = noprogress To Formant (burg): 0, 5, 5500, 0.025, 50
            for f to 3
                true = number (rest$)
                rest$ = right$ (rest$, length (rest$) - index (rest$, "_"))
                selectObject: formant
                found = Get value at time: f, (12000 + 1024) / 44100, "hertz", "linear"
                error = if found = undefined then 9999 else abs (found - true) fi
                selectObject: rows[f]
                Set value: 1, used, error
            endfor
            removeObject: sound, formant
        endif
    endfor
    line$ = "source " + string$ (source) + ":"
    for f to 3
        selectObject: rows[f]
        values# = Get all values in row: 1
        sorted# = sort# (values#)
        line$ = line$ + "  F" + string$ (f) + " median " + fixed$ (sorted# [floor (used / 2) + 1], 0)
        line$ = line$ + " p90 " + fixed$ (sorted# [floor (0.9 * used) + 1], 0)
        removeObject: rows[f]
    endfor
    appendInfoLine: line$
endfor
