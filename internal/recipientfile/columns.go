package recipientfile

import (
	"encoding/csv"
	"regexp"
	"strings"

	"sluice/internal/sms"
)

// Columns are headers of a CSV file, by what stands below them: a variable, or Number.
type Columns map[string]string

// Number is the name of the recipient's number in Columns.
const Number = "number"

// maxColumns is how many columns can be named: each variable's, and the number's.
const maxColumns = sms.MaxVariables + 1

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)

// ParseColumns reads pairs of a variable and a header, with a colon between them and a comma after each:
//
//	number:Mobile,first_name:Vorname
//
// A pair that has a comma is quoted as a cell of CSV is. An empty text names none. The error is an *Error.
func ParseColumns(text string) (Columns, error) {
	const field = "query.columns"
	if text == "" {
		return nil, nil
	}
	reader := csv.NewReader(strings.NewReader(text))
	pairs, err := reader.Read()
	if err != nil || int(reader.InputOffset()) < len(text) {
		return nil, unreadable(field, "must be pairs such as number:Mobile,first_name:Vorname, on one line")
	}
	if len(pairs) > maxColumns {
		return nil, unreadable(field, "has %d pairs, of which it may have %d", len(pairs), maxColumns)
	}
	columns := make(Columns, len(pairs))
	for _, pair := range pairs {
		name, header, ok := strings.Cut(pair, ":")
		name, header = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(header)
		switch {
		case !ok || header == "" || !variableName.MatchString(name):
			return nil, unreadable(field, "must be pairs of a variable and a header, such as number:Mobile,first_name:Vorname")
		case columns[name] != "":
			return nil, unreadable(field, "names the column of %s twice", name)
		}
		columns[name] = header
	}
	return columns, nil
}

// numberHeaders are what people call the column of numbers, folded.
var numberHeaders = func() map[string]bool {
	known := make(map[string]bool)
	for _, name := range strings.Fields(`
		number numbers phone phones phonenumber phonenumbers phoneno phonenr mobile mobiles mobilenumber mobileno mobilenr
		mobilephone mobilephonenumber msisdn tel telno telnr telephone telephonenumber telephoneno cell cellphone cellnumber
		cellphonenumber cellular to recipient recipients recipientnumber recipientphone destination contactnumber
		contactphone e164 gsm
		telefon telefonnummer telefonnr rufnummer nummer handy handynummer handynr mobil mobilnummer mobilnr mobiltelefon
		mobiltelefonnummer mobilfunknummer empfänger téléphone numéro numérodetéléphone portable destinataire
		teléfono telefono móvil movil celular número numero telefone telemóvel telemovel cellulare cellulaire destinatario
		telefoon telefoonnummer mobiel mobielnummer puhelin puhelinnumero matkapuhelin telefonszám numertelefonu`) {
		known[name] = true
	}
	return known
}()
