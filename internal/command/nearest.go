package command

// mostSlips is how many letters a word may be away from the one that was meant: two that changed places are two.
const mostSlips = 2

// Nearest returns the word that somebody most likely meant who wrote another one; empty if none is near.
func Nearest(written string, known []string) string {
	best, nearest := mostSlips+1, ""
	for _, word := range known {
		// In a word of three letters, two slips are another word.
		if d := distance(written, word); d < best && d < len(word)-1 {
			best, nearest = d, word
		}
	}
	return nearest
}

// distance is how many letters must be added, left out or changed to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
