package numberplan

// Error says in plain words why something is no number that a text can be sent to. It can be read after the word "number",
// and never repeats it.
type Error string

func (e Error) Error() string { return string(e) }

const (
	errEmpty     Error = "is empty"
	errNoDigits  Error = "has no digits"
	errDigits    Error = "has too many digits: a number has 15 at most"
	errLetters   Error = "has letters in it"
	errScript    Error = "has digits that are not 0 to 9"
	errCharacter Error = "has a character that has no place in a number"
	errPlus      Error = "has a + that is not at its beginning"
	errSeveral   Error = "is more than one number"
	errExtension Error = "has an extension, which no text can be sent to"
	errExponent  Error = "has lost digits in a spreadsheet (scientific notation): format the column as text, and export again"
	errDecimal   Error = "is a decimal number"
	errDate      Error = "is a date"
	errNational  Error = "is not in international form: write it with its country code, or say which region the numbers are of"
	errRegion    Error = "is to be read as in a region that does not exist"
	errCode      Error = "has a country code that does not exist"
)

// What number may be wrong with a length; "a number in GB" follows.
const (
	tooShort   Error = "is too short for "
	tooLong    Error = "is too long for "
	noAreaCode Error = "has no area code, or is too short, for "
	oddLength  Error = "has either too many or too few digits for "
)
