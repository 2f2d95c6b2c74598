"""Given names, family names and streets for synthetic people, most common first."""

_FEMALE = """
Mary Jennifer Linda Patricia Elizabeth Susan Barbara Jessica Sarah Karen Lisa Nancy Sandra Ashley Emily Kimberly Betty
Margaret Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia Dorothy Amy Kathleen Angela
Shirley Emma Brenda Pamela Nicole Anna Samantha Katherine Christine Debra Rachel Carolyn Janet Maria Olivia Heather Helen
Catherine Diane Julie Victoria Joyce Lauren Kelly Christina Ruth Joan Virginia Judith Evelyn Hannah Andrea Megan Cheryl
Jacqueline Madison Teresa Abigail Sophia Martha Sara Gloria Janice Kathryn Ann Isabella Judy Charlotte Julia Grace Amber Alice
Jean Denise Frances Danielle Marilyn Natalie Beverly Diana Brittany Theresa Kayla Alexis Doris Lori Tiffany Rosa Carmen Ana
Guadalupe Luz Mei Priya Aisha Fatima Yolanda Latoya Keisha Ebony Imani Ximena Camila Valentina Ines Noor Leila Svetlana Ingrid
Siobhan
"""
_MALE = """
James Michael Robert John David William Richard Joseph Thomas Christopher Charles Daniel Matthew Anthony Mark Donald Steven
Andrew Paul Joshua Kenneth Kevin Brian Timothy Ronald George Jason Edward Jeffrey Ryan Jacob Nicholas Gary Eric Jonathan
Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Alexander Patrick Frank Raymond Jack Dennis Jerry Tyler Aaron Jose
Adam Nathan Henry Zachary Douglas Peter Kyle Noah Ethan Jeremy Christian Walter Keith Austin Roger Terry Sean Gerald Carl
Dylan Harold Jordan Jesse Bryan Lawrence Arthur Gabriel Bruce Logan Billy Joe Alan Juan Elijah Willie Albert Wayne Randy Mason
Vincent Liam Roy Bobby Caleb Bradley Russell Lucas Carlos Luis Miguel Jorge Rafael Wei Raj Omar Hassan Ibrahim DeShawn Tyrone
Malik Jamal Darnell Mateo Diego Andres Dmitri Lars Cormac
"""
_FAMILY = """
Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas
Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King
Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips
Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper
Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz
Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry Russell Sullivan Bell Coleman
Butler Henderson Barnes Gonzales Fisher Vasquez Simmons Romero Jordan Patterson Alexander Hamilton Graham Reynolds Griffin
Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar Stevens Murray Ford Castro Marshall Owens
Harrison Fernandez McDonald Woods Washington Kennedy Wells Vargas Henry Chen Freeman Webb Tucker Guzman Burns Crawford Olson
Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd
Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne
Grant Dunn Kelley Spencer Hawkins Arnold Pierce Vazquez Hansen Peters Santos Hart Bradley Knight Elliott Cunningham Duncan
Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry Perkins Hoffman Johnston Matthews Pena Richards
Contreras Willis Carpenter Lawrence Sandoval Guerrero George Chapman Rios Estrada Ortega Watkins Greene Nunez Wheeler Valdez
Harper Burke Larson Santiago Maldonado Morrison Franklin Carlson Austin Dominguez Carr Lawson Jacobs OBrien Lynch Singh Vega
Bishop Montgomery Oliver Jensen Harvey Williamson Gilbert Dean Sims Espinoza Howell Li Wong Reid Hanson Le McCoy Garrett
Burton Fuller Wang Weber Welch Rojas Lucas Marquez Fields Park Yang Little Banks Padilla Day Walsh Bowman Schultz Luna Fowler
Mejia Davidson Acosta Brewer May Holland Juarez Newman Pearson Curtis Cortez Douglas Schneider Joseph Barrett Navarro Figueroa
Keller Avila Wade Molina Stanley Hopkins Campos Barnett Bates Chambers Caldwell Beck Lambert Miranda Byrd Craig Ayala Lowe
Frazier Powers Neal Leonard Gregory Carrillo Sutton Fleming Rhodes Shelton Schwartz Norris Jennings Rodgers Watts Duran Cohen
Klein Zimmerman Okafor Mbeki Haddad Kowalski Novak Petrov Johansson Lindqvist Rossi Moretti Dubois Laurent Yamamoto Tanaka
Suzuki Choi Kang Shah Gupta Desai Rao Ahmed Khan
"""
_NICKNAMES = """
William:Bill Robert:Bob Richard:Rick James:Jim John:Jack Michael:Mike Joseph:Joe Thomas:Tom Christopher:Chris Charles:Chuck
Daniel:Dan Matthew:Matt Anthony:Tony Steven:Steve Andrew:Andy Joshua:Josh Kenneth:Ken Timothy:Tim Ronald:Ron Edward:Ed
Jeffrey:Jeff Nicholas:Nick Jonathan:Jon Benjamin:Ben Samuel:Sam Gregory:Greg Alexander:Alex Patrick:Pat Raymond:Ray
Nathan:Nate Zachary:Zach Douglas:Doug Peter:Pete Gerald:Jerry Lawrence:Larry Vincent:Vince Elizabeth:Liz Jennifer:Jen
Patricia:Pat Susan:Sue Barbara:Barb Jessica:Jess Margaret:Peggy Kimberly:Kim Deborah:Debbie Stephanie:Steph Rebecca:Becky
Cynthia:Cindy Kathleen:Kathy Pamela:Pam Samantha:Sam Katherine:Kate Christine:Chris Catherine:Cathy Victoria:Vicky
Christina:Tina Judith:Judy Jacqueline:Jackie Teresa:Terry Abigail:Abby Kathryn:Katie Danielle:Dani Theresa:Terri
Madison:Maddie Alexis:Lexi Valentina:Val
"""
_STREETS = """
Main Oak Maple Cedar Elm Pine Washington Lake Hill Walnut Spring Park Church Mill River Sunset Railroad Jackson Highland
Franklin Chestnut Meadow Forest Willow Birch Prospect Center School Ridge Valley Orchard Liberty Garden Grove Spruce Dogwood
Hickory Summit
"""

FEMALE_NAMES: tuple[str, ...] = tuple(_FEMALE.split())
MALE_NAMES: tuple[str, ...] = tuple(_MALE.split())
FAMILY_NAMES: tuple[str, ...] = tuple(_FAMILY.split())
NICKNAMES: dict[str, str] = dict(pair.split(":") for pair in _NICKNAMES.split())
STREETS: tuple[str, ...] = tuple(_STREETS.split())
STREET_TYPES: tuple[str, ...] = ("Street", "Avenue", "Road", "Lane", "Drive", "Court")
STREET_ABBREVIATIONS: dict[str, str] = {
    "Street": "St",
    "Avenue": "Ave",
    "Road": "Rd",
    "Lane": "Ln",
    "Drive": "Dr",
    "Court": "Ct",
}
